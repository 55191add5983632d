import SpaceModel

/// What `headroom reclaim` says to people.
public struct ReclaimText: Sendable {
  private let report: ReclaimReport
  private let style: TextStyle

  public init(_ report: ReclaimReport, style: TextStyle) {
    self.report = report
    self.style = style
  }

  public func render() -> String {
    var lines: [String] = []
    for filesystem in report.filesystems {
      for image in filesystem.images { lines += self.image(image, inMemory: filesystem.type == "tmpfs") }
      lines += self.filesystem(filesystem)
    }
    if !report.applied, report.filesystems.contains(where: { $0.images.contains { $0.state == .planned } }) {
      let isReadOnly = report.filesystems.contains { $0.isMountedReadOnly }
      lines += wrap("Nothing was changed. Do it with --apply\(isReadOnly ? " --remount" : "").")
    }
    return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
  }

  private func image(_ image: ReclaimReport.Image, inMemory: Bool) -> [String] {
    let name = image.path.display + ": "
    var lines: [String] = []
    switch image.state {
    case .planned:
      lines += wrap(
        name + "\(style.size(image.rangeBytes)) of zeros in \(image.rangeCount) runs would be punched.", .strong)
    case .nothing:
      lines += wrap(name + "nothing to give back.", .good)
    case .done:
      lines += wrap(name + "\(style.size(image.punchedBytes)) of zeros punched.", .good)
    case .refused:
      lines += wrap(name + "refused.", .bad)
    case .stopped:
      lines += wrap(
        name + "stopped after \(style.size(image.punchedBytes)) of \(style.size(image.rangeBytes)).", .notice)
    case .failed:
      lines += wrap(name + "failed after \(style.size(image.punchedBytes ?? .zero)).", .bad)
    }
    for objection in image.objections {
      let forced =
        objection.forced
        ? " Left out of account by --force=\(objection.reason.rawValue)."
        : " (--force=\(objection.reason.rawValue) leaves this check out.)"
      lines += detail(DisplayText.escaped(objection.message) + "." + forced)
    }
    for reason in image.reasons ?? [] { lines += detail("Not all zeros come back: \(Self.words(reason)).") }
    switch image.lease {
    case .held: lines += detail("Nobody else had it open meanwhile (write lease).")
    case .notGranted: lines += detail("No write lease while it is open elsewhere: every run was read twice.")
    case .unsupported: lines += detail("Its filesystem gives no write lease: every run was read twice.")
    case nil: break
    }
    if let changed = image.changedBytes, changed > .zero {
      lines += detail("\(style.size(changed)) were no longer zeros when read again, and left alone.")
    }
    if let after = image.allocatedAfter {
      lines += detail("Allocated \(style.size(image.allocatedBefore)) before, \(style.size(after)) after.")
    }
    switch image.contentUnchanged {
    case true: lines += detail("Its content is the same as before, read from \(inMemory ? "memory" : "the disk").")
    case false: lines += wrap("    ITS CONTENT IS NOT THE SAME AS BEFORE.", .bad)
    case nil: break
    }
    for note in image.notes ?? [] { lines += detail(DisplayText.escaped(note)) }
    return lines
  }

  private func filesystem(_ filesystem: ReclaimReport.Filesystem) -> [String] {
    let name = filesystem.name
    var lines: [String] = []
    let gain = style.size(filesystem.gain)
    let least = style.size(filesystem.leastGain)
    let bound = least == gain ? "" : " (at least \(least))"
    if let after = filesystem.freeAfter {
      lines += wrap(
        "\(name): \(style.size(filesystem.freeBefore)) free before, \(style.size(after)) after: gained "
          + style.size(after - filesystem.freeBefore)
          + (filesystem.gain > .zero ? ", foretold \(gain)\(bound)." : "."), .strong)
    } else if filesystem.images.contains(where: { $0.state == .planned }) {
      lines += wrap("\(name): \(style.size(filesystem.freeBefore)) free, would gain \(gain)\(bound).", .strong)
    }
    if filesystem.leftWritable == true {
      lines += wrap("    It was made writable and could not be made read-only again.", .bad)
    } else if filesystem.remounted == true {
      lines += detail("It was writable meanwhile, and is read-only again.")
    }
    let before = filesystem.projectionsBefore ?? []
    for after in filesystem.projectionsAfter ?? [] {
      let first = before.first { $0.upgrade == after.upgrade && $0.device == after.device }
      let name = after.upgrade == "system" ? "Upgrade" : "Upgrade (\(DisplayText.escaped(after.upgrade)))"
      lines += detail("\(name): \(first.map { outcome($0) + "; then " } ?? "")\(outcome(after)).")
    }
    for note in filesystem.notes ?? [] { lines += detail(DisplayText.escaped(note)) }
    return lines
  }

  private func outcome(_ projection: Projection) -> String {
    let spare = projection.headroomBytes.map {
      $0 < .zero ? ", \(style.size(.zero - $0)) short" : ", \(style.size($0)) to spare"
    }
    switch projection.outcome {
    case .fits: return "fits" + (spare ?? "")
    case .tight: return "only just fits" + (spare ?? "")
    case .silentCorruption: return "does not fit and would damage the image silently" + (spare ?? "")
    case .loudFailure: return "does not fit and would fail" + (spare ?? "")
    case .unknown: return "not known whether it fits"
    }
  }

  static func words(_ reason: ReclaimableReason) -> String {
    switch reason {
    case .shared: "another file or snapshot keeps some of the extents, which are left alone"
    case .encoded: "some extents are compressed or encrypted, and are left alone"
    case .partOfLargerExtent:
      "btrfs frees an extent only when nothing refers to any part of it; such are left alone (headroom copy "
        + "--reflink=never writes the file anew without its zeros)"
    case .extentsNotReadable: "btrfs extents cannot be read without CAP_SYS_ADMIN"
    case .unitInferred: "the allocation unit is not certain, so only large runs are taken"
    case .notWrittenBack: "some zeros have no place on the disk yet"
    case .inline: "some data lies inside the inode"
    case .filesystemNotKnown: "what a punch frees on this filesystem is not known"
    case .notAllRead: "not all of it could be read"
    }
  }

  private func detail(_ text: String) -> [String] { TextWrap.wrap("    " + text, width: style.width, indent: 4) }

  private func wrap(_ text: String, _ tone: TextStyle.Tone? = nil) -> [String] {
    let lines = TextWrap.wrap(text, width: style.width, indent: 4)
    return tone.map { tone in lines.map { style.paint($0, tone) } } ?? lines
  }
}
