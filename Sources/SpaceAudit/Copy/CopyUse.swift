import LinuxStorage
import PartitionScanner
import SpaceModel

/// Who writes to a file that is to be copied or replaced.
enum CopyUse {
  /// - Throws: ``StorageError`` `.busy`, with those who have it open for writing. A file that is in use for reading only,
  ///   as the image behind a read-only loop device, is none of that.
  static func refuseWritten(
    _ path: FilePath, _ status: FileStatus, operation: String
  ) throws(StorageError) {
    // Not readable: then only loop devices can be found.
    let answer = (try? ReadOnlyFile.open(path, expecting: .regularFile)).map(WriterProbe.ask) ?? .unknown
    if answer == .notWritten { return }
    var users = loops(writing: status)
    guard answer == .written || !users.isEmpty else { return }
    if users.isEmpty { users = WriterProbe.processes(writing: status) }
    let who = users.isEmpty ? "something" : users.joined(separator: ", ")
    throw StorageError(
      .busy, operation: operation, path: path, message: "\(who) has it open for writing",
      hint: "Unmount or stop what uses it, then copy.")
  }

  /// Loop devices that write to it, as `loop3 (mounted on /mnt)`.
  private static func loops(writing status: FileStatus) -> [String] {
    let scan = LiveScanner(sysroot: Sysroot(), prober: NoProber()).scan()
    let mounts = Sysroot.ownMountTable().mounts
    return scan.loops.compactMap { loop in
      guard !loop.isReadOnly, !loop.isDeleted, let file = FileStatus.of(loop.backingFile), file.device == status.device,
        file.inode == status.inode
      else { return nil }
      let place = mounts.first { $0.device == loop.number }?.mountpoint
      return loop.name + (place.map { " (mounted on \($0.display))" } ?? "")
    }
  }
}
