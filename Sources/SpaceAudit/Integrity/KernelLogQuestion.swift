import FilesystemReader
import ImageIntegrity
import LinuxStorage
import SpaceModel

/// Asks a kernel's log about one image.
struct KernelLogQuestion {
  let image: any ImageSource
  /// All files of it with blocks in doubt.
  let files: [FileJudgement]

  /// - Throws: ``StorageError`` where the filesystem inside cannot be read.
  func evidence(in log: KernelLog) throws(StorageError) -> KernelLogEvidence? {
    guard log.attachments.contains(where: { $0.errorCount > 0 }) else { return nil }
    let filesystem = try ExtFilesystem(image)
    let free = try filesystem.freeRuns()
    let whole = [ByteRange(start: 0, end: filesystem.superblock.size)]
    // Not the holes themselves: inode tables and the journal may lie in them, written or not.
    let zeros = ByteRange.union(files.filter { !$0.file.isSystem }.flatMap(\.file.pieces).map(\.image))
    return KernelLogEvidence(
      log, apparentBytes: ByteCount(clamping: image.size), filesystemUUID: filesystem.uuid,
      blockBytes: filesystem.superblock.blockSize,
      used: { DoubtfulRanges.subtract(free, from: DoubtfulRanges.intersect($0, whole)) },
      zeros: { DoubtfulRanges.intersect($0, zeros) })
  }
}

extension Integrity {
  /// Whether the running kernel's log could say more: something used reads as zeros, and it is not known why.
  var isOpenToTheLog: Bool {
    state == .suspect || isUndecided == true || (state == .clean && (dugBytes ?? .zero) > .zero)
  }
}

extension Sysroot {
  /// The root is one of the kernel that we run on: of this machine, or of a node whose container we are in.
  var isOfRunningKernel: Bool {
    if isHost { return true }
    let place: FilePath = "/proc/sys/kernel/random/boot_id"
    guard let ours = SmallFile.text(place) else { return false }
    return SmallFile.text(resolve(place)) == ours
  }
}
