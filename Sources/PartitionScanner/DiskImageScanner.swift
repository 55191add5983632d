import LinuxStorage
import SpaceModel

/// What a disk image holds.
public struct DiskLayout: Sendable, Hashable {
  /// `gpt` or `dos`; `nil` for a bare filesystem, and where nothing was recognised.
  public var tableType: String?
  /// The logical sector size the table is written in, 512 or 4096 bytes; 512 without one.
  public var sectorSize: Int
  /// In the order of the table; empty where nothing was recognised.
  public var partitions: [ScannedPartition]
  public var limits: [Limit]
}

/// Finds the partitions inside a raw disk image or filesystem image: offline, without root, without writing.
///
/// Knows GPT (by its backup header where the primary one is broken), MBR with logical partitions, sectors of 512 and
/// 4096 bytes, and a filesystem without a partition table.
public enum DiskImageScanner {
  /// - Parameter file: A regular file or a device. It is opened a second time for libblkid; its own descriptor's offset
  ///   and read-ahead stay as they are.
  /// - Throws: ``StorageError`` where it cannot be read.
  public static func scan(_ file: ReadOnlyFile) throws(StorageError) -> DiskLayout {
    let isDevice = try file.status().kind == .blockDevice
    let facts = try DeviceFacts.read(
      file, deviceSectorSize: isDevice ? file.logicalSectorSize() : nil, besideTable: false)
    var layout = DiskLayout(
      tableType: facts.tableType, sectorSize: facts.sectorSize, partitions: .inside(file.path, facts), limits: [])
    if facts.tooManyEntries {
      layout.limits.append(.partitionTableTooLong(file.path))
    }
    let cut = layout.partitions.filter(\.isTruncated)
    if !cut.isEmpty {
      layout.limits.append(
        Limit(
          "disk-truncated",
          "'\(file.path.display)' ends before \(cut.count == 1 ? "a partition" : "\(cut.count) partitions") of its "
            + "table: \(cut.map(\.device.display).joined(separator: ", "))"))
    }
    return layout
  }
}

extension [ScannedPartition] {
  static func inside(_ container: FilePath, _ facts: DeviceFacts) -> [ScannedPartition] {
    ScannedPartition.inside(container, facts)
  }
}

extension Limit {
  static func partitionTableTooLong(_ device: FilePath) -> Limit {
    Limit(
      "partition-table-too-long",
      "the partition table of '\(device.display)' has more than \(BlkidProbe.entryLimit) entries; the rest was not "
        + "looked at")
  }
}
