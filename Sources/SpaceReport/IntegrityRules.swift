import SpaceModel

/// Which findings an image's integrity amounts to. Pure.
public struct IntegrityRules: Sendable {
  /// How the node was booted; `nil` where it is not known.
  public var boot: BootState?

  public init(boot: BootState? = nil) { self.boot = boot }

  public func findings(for partition: Partition) -> [Finding] {
    (partition.images ?? []).filter { $0.hardLinkOf == nil }.flatMap { image in
      image.integrity.map { findings($0, of: image, on: partition) } ?? []
    }
  }

  private func findings(_ integrity: Integrity, of image: ImageUsage, on partition: Partition) -> [Finding] {
    let target = partition.target(of: image)
    var findings: [Finding] = []
    let files = integrity.files ?? []
    switch integrity.state {
    case .clean: break
    case .damaged, .suspect:
      let severity: Finding.Severity = integrity.state == .damaged ? .critical : .warning
      findings.append(
        Finding(
          .imageLostWrites, severity, target: target, message: message(integrity),
          remedy: IntegrityRemedy(image: image, partition: partition, boot: boot)
            .text(isCertain: integrity.state == .damaged)))
    case .unknown:
      // What reading the data would tell is no fault of the image.
      findings.append(
        integrity.isUndecided == true
          ? Finding(
            .imageLostWrites, .info, target: target, message: integrity.reason,
            remedy: "headroom verify reads the data.")
          : Finding(
            .imageNotVerified, .warning, target: target, message: integrity.reason,
            remedy: "Compare it with what it was made from: headroom verify --against PAYLOAD."))
    }
    let empty = files.filter { $0.allNul == true }
    if !empty.isEmpty {
      findings.append(
        Finding(
          .imageNulFiles, integrity.state == .damaged ? .critical : .warning, target: target,
          message:
            "\(FileGroups.count(empty.count)) \(empty.count == 1 ? "holds" : "hold") nothing but zeros: \(FileGroups.summary(empty))."
        )
      )
    }
    return findings
  }

  private func message(_ integrity: Integrity) -> String {
    var sentences = [integrity.reason]
    let files = integrity.files ?? []
    if !files.isEmpty {
      sentences.append(
        "\(FileGroups.count(files.count)) \(integrity.state != .damaged ? "may not be whole" : files.count == 1 ? "is not whole" : "are not whole"): "
          + "\(FileGroups.summary(files)).")
    }
    if let inodes = integrity.unreachableInodes, inodes > 0 {
      sentences.append("\(inodes) more files can no longer be named, because what led to them is lost.")
    }
    return sentences.joined(separator: " ")
  }
}
