import Glibc
import LinuxStorage
import PartitionScanner
import SpaceModel

/// The space there is for a copy.
struct CopySpace {
  private let directory: ReadOnlyFile
  private let path: FilePath

  init(_ directory: ReadOnlyFile, for path: FilePath) {
    self.directory = directory
    self.path = path
  }

  /// What can be written there now, in bytes: root's share without ext4's reserved clusters; for others `f_bavail`.
  func usable() throws(StorageError) -> UInt64 {
    let statistics = try FilesystemStatistics.of(directory)
    guard geteuid() == 0 else { return statistics.available }
    guard statistics.type == "ext4" else {
      return statistics.type == "btrfs" ? statistics.available : statistics.free
    }
    let device = DeviceNumber(try directory.status().device)
    let scan = LiveScanner(sysroot: Sysroot(), prober: NoProber()).scan()
    let partition = scan.partitions.first { $0.deviceNumber == device && $0.isMounted }
    let usable = partition.flatMap { try? MountedPartition($0, sysroot: Sysroot()).figures().usableBytes }
    return usable.map { UInt64(clamping: $0.bytes) } ?? statistics.free
  }

  /// - Throws: ``StorageError`` where less than `need` bytes can be written.
  func require(_ need: UInt64) throws(StorageError) {
    let usable = try usable()
    guard usable < need else { return }
    throw Self.short(path, need: need, usable: usable, cause: nil)
  }

  /// A write failed for want of space: with what is missing now, where that can be said.
  func explained(_ error: StorageError, need: UInt64, written: UInt64) -> StorageError {
    guard WriteFailure.isFull(error), error.cause?.errno == ENOSPC, let usable = try? usable(),
      need > written.addingClamped(usable)
    else { return error }
    return Self.short(path, need: need - min(need, written), usable: usable, cause: error.cause)
  }

  private static func short(
    _ path: FilePath, need: UInt64, usable: UInt64, cause: SystemCallError?
  ) -> StorageError {
    let (needed, there, short) = (
      ByteCount(clamping: need), ByteCount(clamping: usable), ByteCount(clamping: need - usable)
    )
    let more = cause == nil ? "" : " more"
    return StorageError(
      .io, operation: "copy to", path: path,
      message: "it needs \(needed)\(more), and \(there) can be written there: \(short) short",
      hint: "headroom audit shows what takes the space.",
      cause: cause)
  }
}
