import LinuxStorage
import SpaceModel

/// Which of several partitions that carry one label is meant, and which one elemental would take.
///
/// A pure function of what a scan found; the rules of elemental are those of `elemental-toolkit`'s `GetByNameOrLabel`
/// and, from v1.1.7 on, `blkid -L`.
public struct LabelChoice: Sendable, Hashable {
  public var label: String
  /// Everything that carries the label, containers that are not filesystems included, in the scan's order.
  public var candidates: [ScannedPartition]
  public var resolution: LabelResolution
  /// What elemental before v1.1.7 takes; `nil` where it finds none.
  public var elementalBefore117: ScannedPartition?
  /// What elemental from v1.1.7 on takes: the target of `/dev/disk/by-label`, else, where there is just one candidate,
  /// that. `nil` where it cannot be told beforehand (`blkid -L` without that link takes the first it comes across).
  public var elementalSince117: ScannedPartition?

  /// - Parameters:
  ///   - partitionName: The GPT name elemental looks for before the label: `state` for COS_STATE. `nil` for none.
  ///   - partitions: The whole scan, since a GPT name may stand on a partition with another label.
  ///   - runningRoot: The partition under the running root.
  ///   - byLabelLink: The kernel's name of what `/dev/disk/by-label/LABEL` leads to, `sda4`.
  public init(
    label: String, partitionName: String?, partitions: [ScannedPartition], runningRoot: DeviceNumber? = nil,
    byLabelLink: String? = nil
  ) {
    self.label = label
    candidates = partitions.filter { $0.filesystemLabel == label }
    resolution = LabelResolution(candidates: candidates, runningRoot: runningRoot)

    let named = partitions.filter { partitionName != nil && $0.partitionLabel == partitionName }
    let pool = named.isEmpty ? candidates : named
    elementalBefore117 = pool.first(where: \.isMounted) ?? pool.last
    elementalSince117 =
      byLabelLink.flatMap { link in partitions.first { $0.kernelName == link } }
      ?? (candidates.count == 1 ? candidates.first : nil)
  }
}

/// Which candidate a verdict is about.
public enum LabelResolution: Sendable, Hashable {
  case missing
  case unique(ScannedPartition)
  /// Several filesystems carry the label.
  ///
  /// `isSameFilesystem`: all have one filesystem UUID, so these are several ways to one disk, or clones of it.
  case ambiguous(chosen: ScannedPartition, isSameFilesystem: Bool)

  /// `nil` only for `missing`.
  public var chosen: ScannedPartition? {
    switch self {
    case .missing: nil
    case .unique(let partition): partition
    case .ambiguous(let chosen, _): chosen
    }
  }

  public var isAmbiguous: Bool {
    if case .ambiguous = self { true } else { false }
  }

  /// The partition under the running root, else the first one that is mounted, else the first.
  ///
  /// A LUKS container can carry the label of the filesystem inside; it counts only where no filesystem carries it.
  ///
  /// - Parameter candidates: All with the same label.
  public init(candidates: [ScannedPartition], runningRoot: DeviceNumber?) {
    let filesystems = candidates.filter { !$0.isNotFilesystem }
    let pool = filesystems.isEmpty ? candidates : filesystems
    guard let first = pool.first else {
      self = .missing
      return
    }
    guard pool.count > 1 else {
      self = .unique(first)
      return
    }
    let running = runningRoot.flatMap { number in pool.first { $0.deviceNumber == number } }
    let identifiers = Set(pool.map(\.filesystemUUID))
    self = .ambiguous(
      chosen: running ?? pool.first(where: \.isMounted) ?? first,
      isSameFilesystem: identifiers.count == 1 && identifiers.first != .some(nil))
  }
}

/// udev's links from labels to devices.
public enum ByLabelLink {
  /// The kernel's name of the device `/dev/disk/by-label/LABEL` leads to; `nil` where there is no such link.
  ///
  /// Reads the link alone; the device is not touched.
  public static func kernelName(for label: String, sysroot: Sysroot) -> String? {
    let name = FilePath(bytes: linkName(for: RawArgument.bytes(of: label)))
    let link = sysroot.resolve("/dev/disk/by-label").appending(name)
    return SmallFile.linkTarget(link)?.lastComponent.utf8
  }

  /// udev escapes what is not safe in a file name as `\xNN`: everything but ASCII letters, digits, `#+-.:=@_` and valid
  /// UTF-8 (libblkid's blkid_encode_string).
  static func linkName(for label: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    for scalar in RawArgument.text(of: label).unicodeScalars {
      let bytes = RawArgument.bytes(of: String(scalar))
      let isPlain =
        scalar.isASCII
        ? scalar.properties.isAlphabetic || "0123456789#+-.:=@_".unicodeScalars.contains(scalar)
        : bytes.count > 1
      for byte in bytes {
        if isPlain { out.append(byte) } else { out += EscapedText.escape(byte) }
      }
    }
    return out
  }
}
