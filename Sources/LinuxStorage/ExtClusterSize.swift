import SpaceModel
import Synchronization

/// The cluster size of a mounted ext4 whose device may not be opened.
///
/// Neither statfs(2) nor fstat(2) tells it. But /proc/fs/ext4/DEVICE/mb_groups, readable by everybody, counts free
/// clusters, and statfs(2) the same space in blocks.
enum ExtClusterSize {
  /// Beyond this many bytes the kernel would have to read too many bitmaps to answer.
  private static let largestFilesystem: UInt64 = 256 << 30

  /// A cluster size is for the filesystem's life. Another filesystem on the same device has another identity.
  private struct Filesystem: Hashable {
    var device: UInt64
    var identity: UInt64
    var blockSize: UInt64
    var capacity: UInt64
  }

  /// The table takes longer than an image of some megabytes, and images come by the thousand.
  private static let known = Mutex<[Filesystem: UInt64]>([:])

  /// - Returns: `nil` where nothing is free, or the kernel does not show the table.
  static func byFreeClusters(_ status: FileStatus, _ statistics: FilesystemStatistics) -> UInt64? {
    let filesystem = Filesystem(
      device: status.device, identity: statistics.identity, blockSize: statistics.blockSize,
      capacity: statistics.capacity)
    if statistics.identity != 0, let answer = known.withLock({ $0[filesystem] }) { return answer }
    guard let answer = readFreeClusters(status, statistics) else { return nil }
    // Of a few clusters, somebody's writes between the two counts may be a large part; of many they are not.
    if statistics.free / answer >= 1024 { known.withLock { $0[filesystem] = answer } }
    return answer
  }

  private static func readFreeClusters(_ status: FileStatus, _ statistics: FilesystemStatistics) -> UInt64? {
    guard statistics.capacity <= largestFilesystem,
      let name = SmallFile.linkTarget(FilePath("/sys/dev/block/\(DeviceNumber(status.device))"))?.lastComponent,
      let table = SmallFile.bytes(
        FilePath("/proc/fs/ext4").appending(name).appending("mb_groups"), limit: 4 << 20)
    else { return nil }
    return clusterSize(ofTable: table, blockSize: statistics.blockSize, free: statistics.free)
  }

  /// Lines read `#0    : 24544 1     8224  [ 0 0 …`: group, free clusters, and what is not needed here.
  static func clusterSize(ofTable table: [UInt8], blockSize: UInt64, free: UInt64) -> UInt64? {
    var clusters: UInt64 = 0
    for line in table.split(separator: UInt8(ascii: "\n")) {
      let parts = String(decoding: line, as: UTF8.self).split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let count = parts[1].split(separator: " ").first.flatMap({ UInt64($0) }) else { continue }
      clusters += count
    }
    guard clusters > 0, free >= blockSize else { return nil }
    // Free space moves between the two questions; a cluster is a power of two, so the nearest one is meant.
    var unit = blockSize
    while unit < 1 << 30, Double(free) / Double(clusters) > Double(unit) * 1.41 { unit *= 2 }
    return unit
  }
}
