import LinuxStorage
import PartitionScanner
import SpaceModel

/// Another name of a loop device's file whose own name is gone.
///
/// The first upgrade to elemental 2 links the running `cOS/active.img` as `.snapshots/1/snapshot.img` and removes the old
/// name: sysfs then calls the file deleted, though it is there.
enum RemainingLink {
  /// The path from the root of the filesystem; `nil` where no image place has the file, only a part of the filesystem is
  /// mounted, or the loop device may not be opened.
  static func of(_ loop: LoopDevice, in mount: Mount, _ sysroot: Sysroot) -> FilePath? {
    guard mount.root == "/", let backing = identity(of: loop, sysroot) else { return nil }
    let root = sysroot.resolve(mount.mountpoint)
    let snapshots = (DirectoryListing.names(root.appending(".snapshots")) ?? [])
      .filter { $0.utf8.flatMap(SnapshotPlace.number) != nil }
      .map { FilePath(".snapshots").appending($0).appending("snapshot.img") }
    return (["cOS/active.img", "cOS/passive.img", "cOS/recovery.img"] + snapshots).first { place in
      guard let status = FileStatus.of(root.appending(place)) else { return false }
      return status.inode == backing.inode && status.device == backing.device
    }
  }

  private static func identity(of loop: LoopDevice, _ sysroot: Sysroot) -> (device: UInt64, inode: UInt64)? {
    let path = sysroot.resolve(device: FilePath("/dev").appending(loop.name))
    return (try? ReadOnlyFile.open(path, expecting: .blockDevice))?.loopBackingFile()
  }
}
