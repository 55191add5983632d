import LinuxStorage
import SpaceModel

/// One thing that holds a filesystem, or could: a partition, a whole device without a partition table, a device-mapper
/// or md device, or a part of a disk image.
public struct ScannedPartition: Sendable, Hashable, Codable {
  /// As the node sees it: `/dev/sda4`, `/dev/mapper/root`. In a disk image the image's path, `#` and the partition's
  /// number; a bare filesystem image's path.
  public var device: FilePath
  /// What to open to read ``range``: the disk image, the device that holds the table, or `device` itself. As the node
  /// sees it.
  public var container: FilePath
  /// The name in sysfs, `sda4` or `dm-0`; `nil` where the kernel has no device of its own for it.
  public var kernelName: String?
  /// `nil` where the kernel has no device of its own for it.
  public var deviceNumber: DeviceNumber?
  /// Its number in the partition table; `nil` for a whole device.
  public var partitionNumber: Int?

  /// Of the partition, as the kernel or the partition table says; not of the filesystem in it.
  public var sizeBytes: UInt64?
  /// Where it starts in the file or device to read, and how much of it is there: from 0 for a device of its own.
  public var startBytes: UInt64
  /// `nil` where the size is not known.
  public var lengthBytes: UInt64?
  /// The partition reaches beyond the end of the disk image, by `sizeBytes - lengthBytes`.
  public var isTruncated: Bool

  /// libblkid's TYPE: `ext4`, `crypto_LUKS`. `nil` where nothing was recognised or nothing could be asked.
  public var filesystemType: String?
  /// From the superblock. Bytes that are not UTF-8 stand as ``RawArgument`` text.
  public var filesystemLabel: String?
  /// The GPT name; `nil` where there is none.
  public var partitionLabel: String?
  /// `nil` where the type is not known either.
  public var usage: ContentUsage?
  /// Several filesystems' signatures were found at once, so type and label are not known.
  public var isAmbivalent: Bool

  /// Every place it is mounted at, bind mounts and subvolumes included, as the node sees them and in the kernel's
  /// order. Not coded.
  public var mounts: [Mount] = []
  /// The kernel lets nobody write to the device (sysfs `ro`).
  public var isReadOnly: Bool
  /// It lies on local disks only (``NotOpened`` has the others); false for one that was not or only on request opened.
  public var isLocal: Bool
  /// The filesystem's UUID, to tell two views of one filesystem from two filesystems. Never printed, not coded.
  var filesystemUUID: String?

  public var isMounted: Bool { !mounts.isEmpty }

  /// The bytes to read in the container; `nil` where the size is not known.
  public var range: ByteRange? { lengthBytes.map { ByteRange(start: startBytes, length: $0) } }

  /// A RAID member, a LUKS container, swap: something that is not a filesystem, whatever label it carries.
  public var isNotFilesystem: Bool { usage.map { $0 != .filesystem } ?? false }

  public init(device: FilePath) {
    self.device = device
    container = device
    startBytes = 0
    isTruncated = false
    isAmbivalent = false
    isReadOnly = false
    isLocal = true
  }

  enum CodingKeys: String, CodingKey {
    case device, container, kernelName, deviceNumber, partitionNumber, sizeBytes, startBytes, lengthBytes, isTruncated
    case filesystemType, filesystemLabel, partitionLabel, usage, isAmbivalent, isReadOnly, isLocal
  }
}

extension ScannedPartition {
  /// Takes over what libblkid recognised.
  mutating func apply(_ content: ContentFacts) {
    filesystemType = content.type
    filesystemLabel = content.label
    filesystemUUID = content.uuid
    usage = content.usage
    isAmbivalent = content.isAmbivalent
  }

  /// The partitions of a container the kernel has no partitions of, such as a disk image: one for each entry of its
  /// table; without a table one for what fills it; none where nothing was recognised.
  static func inside(_ container: FilePath, _ facts: DeviceFacts) -> [ScannedPartition] {
    if facts.entries.isEmpty {
      guard facts.content.type != nil || facts.content.isAmbivalent else { return [] }
      var whole = ScannedPartition(device: container)
      whole.sizeBytes = facts.sizeBytes
      whole.lengthBytes = facts.sizeBytes
      whole.apply(facts.content)
      return [whole]
    }
    return facts.entries.map { entry in
      var partition = ScannedPartition(device: FilePath(bytes: container.bytes + "#\(entry.number)".utf8))
      let range = facts.range(of: entry)
      partition.container = container
      partition.partitionNumber = entry.number
      partition.sizeBytes = entry.length
      partition.startBytes = range.start
      partition.lengthBytes = range.length
      partition.isTruncated = facts.isTruncated(entry)
      partition.partitionLabel = entry.name
      partition.apply(entry.content)
      return partition
    }
  }
}
