import SpaceModel

/// What to do about an image that was not written whole, in order, and never at the cost of the last good one. Pure.
///
/// The danger is an upgrade: run from passive it moves the damaged active image over the one that is good, and run from
/// active it makes the damaged one the fallback.
struct IntegrityRemedy {
  let image: ImageUsage
  let partition: Partition
  let boot: BootState?

  /// A sentence, or commands where they can be run right now and right here.
  func text(isCertain: Bool) -> String {
    guard isCertain else { return "Compare it with what it was made from: headroom verify --against PAYLOAD." }
    switch image.role {
    case .active: return active
    case .passive: return passive
    default: return "Make it again from what it was made from; do not dig holes into it, which destroys the evidence."
    }
  }

  private var active: String {
    guard let passive = other(.passive) else { return nothingElse }
    switch passive.integrity?.state {
    case .damaged?: return nothingElse
    case .clean? where boot?.mode == .passive && isVerified(passive):
      return replace(image, by: passive, label: "COS_ACTIVE")
        ?? "Do not upgrade: it would move the damaged image over the good one. \(inWords(passive, "COS_ACTIVE"))"
    default:
      return verifyFirst(passive)
        + "1. Boot the fallback (passive). 2. Do not run an upgrade, neither here nor there: here it would make the damaged "
        + "system the fallback, there it would move the damaged image over the good one. 3. \(inWords(passive, "COS_ACTIVE"))"
    }
  }

  private var passive: String {
    guard let active = other(.active), active.integrity?.state != .damaged else { return nothingElse }
    guard isVerified(active) else {
      return "Do not boot it. " + verifyFirst(active) + inWords(active, "COS_PASSIVE")
    }
    if boot?.mode == .passive {
      return "Reboot into active, which is whole. Then: \(inWords(active, "COS_PASSIVE"))"
    }
    return replace(image, by: active, label: "COS_PASSIVE") ?? "Do not boot it. \(inWords(active, "COS_PASSIVE"))"
  }

  /// What has to be known of the other image before anything is written over this one.
  private func verifyFirst(_ other: ImageUsage) -> String {
    if isVerified(other) { return "" }
    let name = other.role == .active ? "active" : "passive"
    // More of the same would say the same.
    let isJudged = other.integrity?.isVerified == true
    return isJudged
      ? "The other image, \(name), is not known to be whole either: compare it with the release (headroom verify --against PAYLOAD). If it is whole: "
      : "Verify \(name) first: headroom verify, without --quick. If it is whole: "
  }

  /// Read as a whole; a quick look is no ground to write over another image.
  private func isVerified(_ image: ImageUsage) -> Bool {
    image.integrity?.state == .clean && image.integrity?.isVerified == true
  }

  private var nothingElse: String {
    "No other image here is known to be whole: do not reboot while the node runs well, and do not upgrade. Install the "
      + "release again, from the recovery system or its ISO."
  }

  private func inWords(_ source: ImageUsage, _ label: String) -> String {
    remounting
      + "Write the content of \(source.path.display) over \(image.path.display) with its label "
      + "(headroom copy --label \(labelOfImage(label)); without it cp --sparse=always and tune2fs -L); do not dig holes into the damaged one, which "
      + "destroys the evidence."
  }

  /// COS_STATE is mounted read-only while a node runs.
  private var remounting: String {
    guard partition.isMountedReadOnly != false, let root = partition.wholeMountpoint else { return "" }
    return "Make COS_STATE writable (mount -o remount,rw \(ShellQuote.quoted(root))). "
  }

  /// The copy is made beside the damaged image and then put in its place, so that an interruption costs nothing; `nil`
  /// where there is no room for that, or the partition is not mounted here.
  private func replace(_ damaged: ImageUsage, by source: ImageUsage, label: String) -> String? {
    guard partition.state == .mounted, let root = partition.wholeMountpoint, damaged.inUse == nil,
      let usable = partition.usableBytes, source.allocatedBytes + Self.spare <= usable
    else { return nil }
    let from = ShellQuote.quoted(root.appending(source.path))
    let target = ShellQuote.quoted(root.appending(damaged.path))
    let made = ShellQuote.quoted(FilePath(bytes: root.appending(damaged.path).bytes + ".whole".utf8))
    let name = labelOfImage(label)
    let inner = [
      "headroom copy --verify --label \(name) \(from) \(target)",
      "# without headroom: cp --sparse=always \(from) \(made) && tune2fs -L \(name) \(made) && sync \(made) && mv \(made) \(target)",
    ]
    guard partition.isMountedReadOnly != false else { return inner.joined(separator: "\n") }
    let place = ShellQuote.quoted(root)
    return (["mount -o remount,rw \(place)"] + inner + ["mount -o remount,ro \(place)"]).joined(separator: "\n")
  }

  /// What a copy needs beyond its data: its map, and that the partition is not filled to the last block.
  private static let spare = ByteCount.mebibytes(64)

  /// What it is called where that can still be read.
  private func labelOfImage(_ usual: String) -> String {
    guard let label = image.inner?.filesystemLabel, !label.isEmpty else { return usual }
    return ShellQuote.quoted(FilePath(label))
  }

  private func other(_ role: ImageRole) -> ImageUsage? {
    partition.images?.first { $0.role == role && $0.hardLinkOf == nil }
  }
}
