import CLinuxStorage
import SpaceModel

extension ReadOnlyFile {
  /// A block device's logical sector size in bytes (ioctl BLKSSZGET); `nil` for a file, and where the device does not
  /// say.
  public func logicalSectorSize() -> Int? {
    var bytes: Int32 = 0
    return cls_logical_sector_size(descriptor, &bytes) == 0 && bytes > 0 ? Int(bytes) : nil
  }

  /// The file a loop device is on, as `st_dev` and `st_ino` (ioctl LOOP_GET_STATUS64); `nil` for another device.
  public func loopBackingFile() -> (device: UInt64, inode: UInt64)? {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    return cls_loop_backing_file(descriptor, &device, &inode) == 0 ? (device, inode) : nil
  }

  /// What the mounted filesystem this file lies on says its label is (ioctl FS_IOC_GETFSLABEL: ext2/3/4, xfs, btrfs).
  ///
  /// - Returns: The label's bytes, none for an empty one; `nil` where the filesystem does not answer that.
  public func mountedFilesystemLabel() -> [UInt8]? {
    var room = [CChar](repeating: 0, count: 257)
    guard cls_filesystem_label(descriptor, &room) == 0 else { return nil }
    return room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }
}
