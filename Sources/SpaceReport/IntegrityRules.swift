import SpaceModel

/// Which findings an image's integrity amounts to. Pure.
public struct IntegrityRules: Sendable {
  public init() {}

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
          remedy: remedy(image, partition, isCertain: integrity.state == .damaged)))
    case .unknown:
      // What reading the data would tell is no fault of the image.
      findings.append(
        integrity.isUndecided == true
          ? Finding(
            .imageLostWrites, .info, target: target, message: integrity.reason,
            remedy: "headroom verify reads the data.")
          : Finding(.imageNotVerified, .warning, target: target, message: integrity.reason))
    }
    let empty = files.filter { $0.allNul == true }
    if !empty.isEmpty {
      findings.append(
        Finding(
          .imageNulFiles, integrity.state == .damaged ? .critical : .warning, target: target,
          message:
            "\(FileGroups.count(empty.count)) \(empty.count == 1 ? "holds" : "hold") nothing but zeros: \(FileGroups.summary(empty.map(\.path)))."
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
          + "\(FileGroups.summary(files.map(\.path))).")
    }
    if let inodes = integrity.unreachableInodes, inodes > 0 {
      sentences.append("\(inodes) more files can no longer be named, because what led to them is lost.")
    }
    return sentences.joined(separator: " ")
  }

  /// In order, and without touching the last good image.
  private func remedy(_ image: ImageUsage, _ partition: Partition, isCertain: Bool) -> String {
    guard isCertain else { return "Compare it with what it was made from: headroom verify --against PAYLOAD." }
    switch image.role {
    case .active:
      return
        "Boot passive, and do not run an upgrade there: it would move the damaged active over it. First write passive's "
        + "content over \(image.path.display) and give it its label (tune2fs -L COS_ACTIVE)."
    case .passive:
      return
        "Do not boot passive. Once active is known to be whole, write its content over \(image.path.display) and give it "
        + "its label (tune2fs -L COS_PASSIVE); do not dig holes into it, which destroys the evidence."
    default:
      return "Make it again from what it was made from; do not dig holes into it, which destroys the evidence."
    }
  }
}

/// Files as a person reads of many: by directory, the most first.
enum FileGroups {
  static func count(_ number: Int) -> String { number == 1 ? "1 file" : "\(number) files" }

  /// `/usr/share/p11-kit (12), /etc (1)`; of more than a few only the first.
  static func summary(_ paths: [FilePath], most: Int = 4) -> String {
    let groups = groups(paths) { $0 }
    let shown = groups.prefix(most).map { "\(DisplayText.escaped($0.directory)) (\($0.members.count))" }.joined(
      separator: ", ")
    let rest = groups.dropFirst(most).reduce(0) { $0 + $1.members.count }
    return shown + (rest > 0 ? " and \(rest) elsewhere" : "")
  }

  /// By directory, the largest group first; of equal ones by name.
  static func groups<Member>(
    _ all: [Member], by path: (Member) -> FilePath
  ) -> [(directory: String, members: [Member])] {
    Dictionary(grouping: all) { directory(path($0)) }.map { (directory: $0.key, members: $0.value) }
      .sorted { ($1.members.count, $0.directory) < ($0.members.count, $1.directory) }
  }

  /// Two levels below /usr and /var, which is what a package has to itself; else the directory.
  private static func directory(_ path: FilePath) -> String {
    let parts = path.components.dropLast().map(\.display)
    let depth = ["usr", "var", "opt"].contains(parts.first) ? 3 : 1
    return "/" + parts.prefix(depth).joined(separator: "/")
  }
}
