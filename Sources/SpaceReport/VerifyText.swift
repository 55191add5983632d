import SpaceModel

/// What `headroom verify` says to people: each image's answer, and the files that are not whole.
public struct VerifyText: Sendable {
  private let report: Report
  private let style: TextStyle
  /// More files than this are counted, not named; JSON has all.
  private static let mostFiles = 20

  public init(_ report: Report, style: TextStyle) {
    self.report = report.escaped
    self.style = style
  }

  public func render() -> String {
    let layout = ReportLayout(report: report, style: style)
    var lines: [String] = []
    for partition in report.partitions {
      for image in partition.images ?? [] where image.hardLinkOf == nil {
        guard let integrity = image.integrity else { continue }
        lines += answer(integrity, of: image, on: partition)
      }
    }
    if lines.isEmpty { lines = nothing }
    lines += layout.findings()
    lines += layout.limits()
    return lines.joined(separator: "\n") + "\n"
  }

  /// What was there instead, and what would tell more.
  private var nothing: [String] {
    let images = report.partitions.flatMap { partition in
      (partition.images ?? []).filter { $0.hardLinkOf == nil }.map {
        (partition.target(of: $0), $0.inner?.filesystemType)
      }
    }
    guard !images.isEmpty else { return ["No image was verified: none was found."] }
    return images.flatMap { target, type in
      wrap(
        "\(target) was not verified: "
          + (type == "squashfs"
            ? "only unpacking all of a squashfs tells; run headroom verify without --quick."
            : "it holds \(type.map(DisplayText.escaped) ?? "no filesystem that is known"); name it to have an answer."),
        indent: 4)
    }
  }

  private func answer(_ integrity: Integrity, of image: ImageUsage, on partition: Partition) -> [String] {
    let name = "\(report.host.nodeName.map { DisplayText.escaped($0) + ": " } ?? "")\(partition.target(of: image)): "
    let tone: TextStyle.Tone =
      switch integrity.state {
      case .clean: .good
      case .damaged: .bad
      case .suspect, .unknown: .notice
      }
    var lines = wrap(
      name + style.paint(integrity.state.rawValue.uppercased(), tone) + ". " + integrity.reason, indent: 4)
    let how = integrity.checked.isEmpty ? "" : " Checked: \(integrity.checked.joined(separator: ", "))."
    if let used = integrity.usedBytes {
      lines += wrap("    \(style.size(used)) used inside.\(how)", indent: 4)
    }
    for loss in integrity.metadataLost ?? [] {
      lines.append("    lost \(loss.kind.rawValue): \(style.size(loss.lostBytes))")
    }
    lines += files(integrity.files ?? [])
    if let inodes = integrity.unreachableInodes, inodes > 0 {
      lines.append("    and \(inodes) that can no longer be named")
    }
    return lines
  }

  /// By directory, the first few with what is wrong with them.
  private func files(_ files: [Integrity.File]) -> [String] {
    var lines: [String] = []
    var room = Self.mostFiles
    for group in FileGroups.groups(files) where room > 0 {
      lines.append("    \(DisplayText.escaped(group.directory)): \(FileGroups.count(group.files.count))")
      for file in group.files.prefix(room) { lines.append("      " + line(file)) }
      room -= min(room, group.files.count)
    }
    if files.count > Self.mostFiles { lines.append("    and \(files.count - Self.mostFiles) more; --json has all") }
    return lines
  }

  private func line(_ file: Integrity.File) -> String {
    let notes = Self.notes(file, style: style)
    return file.path.display + (notes.isEmpty ? "" : ": " + notes.joined(separator: ", "))
  }

  /// What is wrong with a file, a clause each.
  static func notes(_ file: Integrity.File, style: TextStyle) -> [String] {
    var notes: [String] = []
    if file.suspect == true { notes.append("suspect") }
    if file.allNul == true {
      notes.append("nothing but zeros")
    } else if let lost = file.lostBytes {
      notes.append("\(style.size(lost)) of \(style.size(file.sizeBytes)) lost")
    }
    notes += file.differs ?? []
    if let copy = file.intactCopy { notes.append("whole in \(DisplayText.escaped(copy))") }
    return notes
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}
