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
  /// `f_fsid`; ext4 makes it of its UUID. 0 where the filesystem has none.
  public var identity: UInt64 = 0

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
      inodesFree: raw.inodes_free,
      identity: raw.identity)
  }

  /// Whether a directory lies on a filesystem that shows the kernel, not storage: proc, sysfs, cgroup and the like
  /// (linux/magic.h). devtmpfs cannot be told from tmpfs this way.
  public static func isKernelInterface(_ file: ReadOnlyFile) -> Bool {
    var raw = cls_statistics()
    guard cls_statistics(file.descriptor, &raw) == 0 else { return false }
    return kernelInterfaces.contains(raw.magic)
  }

  private static let kernelInterfaces: Set<UInt32> = [
    0x9FA0,  // proc
    0x6265_6572,  // sysfs
    0x0027_E0EB, 0x6367_7270,  // cgroup, cgroup2
    0x1CD1,  // devpts
    0x6462_6720, 0x7472_6163,  // debugfs, tracefs
    0x7363_6673, 0xF97C_FF8C,  // securityfs, selinuxfs
    0x6165_676C, 0xDE5E_81E4,  // pstore, efivarfs
    0xCAFE_4A11, 0x6265_6570,  // bpf, configfs
    0x1980_0202, 0x9584_58F6,  // mqueue, hugetlbfs
    0x4249_4E4D, 0x6573_5543,  // binfmt_misc, fusectl
    0x0187, 0x6E73_6673,  // autofs, nsfs
    0x6759_6969,  // rpc_pipefs
  ]

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
