import CLinuxStorage
import SpaceModel

/// What statfs(2) says of a mounted filesystem, in bytes.
public struct FilesystemStatistics: Hashable, Sendable {
  /// By magic number (linux/magic.h); `nil` for one that is not listed.
  public var type: String?
  /// `f_frsize`, the unit of the counts below.
  public var blockSize: UInt64
  public var capacity: UInt64
  /// `f_bfree`: what root may use, ext4's reserved clusters included.
  public var free: UInt64
  /// `f_bavail`.
  public var available: UInt64
  public var inodesFree: UInt64

  /// - Throws: ``StorageError``.
  public static func of(_ file: ReadOnlyFile) throws(StorageError) -> FilesystemStatistics {
    var raw = cls_statistics()
    let result = cls_statistics(file.descriptor, &raw)
    guard result == 0 else {
      throw SystemCallTable.error(
        operation: "read the free space of", path: file.path, call: "fstatfs", errno: -result)
    }
    return FilesystemStatistics(
      type: name(ofMagic: raw.magic),
      blockSize: raw.block_size,
      capacity: raw.blocks.multipliedClamped(by: raw.block_size),
      free: raw.blocks_free.multipliedClamped(by: raw.block_size),
      available: raw.blocks_available.multipliedClamped(by: raw.block_size),
      inodesFree: raw.inodes_free)
  }

  static func name(ofMagic magic: UInt32) -> String? {
    switch magic {
    case 0xEF53: "ext4"  // ext2 and ext3 carry the same number
    case 0x5846_5342: "xfs"
    case 0x9123_683E: "btrfs"
    case 0x0102_1994: "tmpfs"
    case 0x7371_7368: "squashfs"
    case 0xE0F5_E1E2: "erofs"
    case 0x794C_7630: "overlay"
    case 0x6573_5546: "fuse"
    case 0x6969: "nfs"
    case 0x4D44: "vfat"
    case 0x2011_BAB0: "exfat"
    case 0x2FC1_2FC1: "zfs"
    case 0xF2F5_2010: "f2fs"
    case 0xCA45_1A4E: "bcachefs"
    default: nil
    }
  }
}
