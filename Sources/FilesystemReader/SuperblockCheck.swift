import LinuxStorage
import SpaceModel

/// Whether an ext superblock describes a filesystem that can be, before libext2fs sees it.
///
/// libext2fs trusts the geometry it is given and writes past its buffers where that contradicts itself. The rules are
/// those the kernel has for a mount (`ext4_fill_super`), and mke2fs's own for what the kernel does not ask.
struct SuperblockCheck {
  private let bytes: [UInt8]

  /// - Throws: ``StorageError``: `.unsupported` where it is no ext superblock, `.truncated` where the source ends before
  ///   it, `.corrupt` where it contradicts itself.
  static func check(_ source: any ByteSource) throws(StorageError) {
    let operation = "read the filesystem in"
    let bytes = try source.bytes(at: 1024, count: 1024)
    guard bytes.count == 1024 else {
      throw StorageError(
        source.size < 1080 ? .unsupported : .truncated, operation: operation, path: source.path,
        message: source.size < 1080
          ? "it holds no ext2, ext3 or ext4 filesystem" : "it ends before its superblock does")
    }
    let check = SuperblockCheck(bytes: bytes)
    guard check.value(0x38, 2) == 0xEF53 else {
      throw StorageError(
        .unsupported, operation: operation, path: source.path,
        message: "it holds no ext2, ext3 or ext4 filesystem")
    }
    if let contradiction = check.contradiction(sourceSize: source.size) {
      throw StorageError(
        .corrupt, operation: operation, path: source.path,
        message: "its superblock contradicts itself (\(contradiction))",
        hint: "headroom verify tells what of it is missing; a backup superblock may help (e2fsck -b).")
    }
  }

  /// A little-endian field (fs/ext4/ext4.h, `struct ext4_super_block`).
  private func value(_ offset: Int, _ count: Int) -> UInt64 {
    bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// What cannot be, as a few words; `nil` for a sane superblock.
  private func contradiction(sourceSize: UInt64) -> String? {
    let logBlock = value(0x18, 4)
    let logCluster = value(0x1C, 4)
    guard logBlock <= 6, logCluster <= 16, logCluster >= logBlock else { return "block size" }
    let block: UInt64 = 1024 << logBlock
    let incompatible = value(0x60, 4)
    let readOnlyCompatible = value(0x64, 4)
    let isBigalloc = readOnlyCompatible & 0x200 != 0
    let is64Bit = incompatible & 0x80 != 0
    if !isBigalloc, logCluster != logBlock { return "cluster size" }

    let blocksPerGroup = value(0x20, 4)
    let clustersPerGroup = value(0x24, 4)
    let inodesPerGroup = value(0x28, 4)
    guard clustersPerGroup > 0, clustersPerGroup % 8 == 0, clustersPerGroup <= block * 8 else { return "group size" }
    guard blocksPerGroup == clustersPerGroup << (logCluster - logBlock) else { return "group size" }
    guard inodesPerGroup > 0, inodesPerGroup % 8 == 0, inodesPerGroup <= block * 8 else { return "inodes per group" }

    let inodeSize = value(0x4C, 4) == 0 ? 128 : value(0x58, 2)
    guard inodeSize >= 128, inodeSize <= block, inodeSize & (inodeSize - 1) == 0 else { return "inode size" }
    let firstInode = value(0x4C, 4) == 0 ? 11 : value(0x54, 4)
    guard firstInode >= 11, firstInode <= inodesPerGroup else { return "first inode" }

    let blocks = value(0x4, 4) | (is64Bit ? value(0x150, 4) << 32 : 0)
    let first = value(0x14, 4)
    guard first == (block == 1024 && !isBigalloc ? 1 : 0), blocks > first else { return "block count" }
    let groups = (blocks - first - 1) / blocksPerGroup + 1
    let (inodes, overflow) = groups.multipliedReportingOverflow(by: inodesPerGroup)
    guard !overflow, inodes == value(0x0, 4) else { return "inode count" }

    let descriptor = is64Bit ? value(0xFE, 2) : 32
    guard descriptor >= 32, descriptor <= min(block, 1024), descriptor & (descriptor - 1) == 0,
      !is64Bit || descriptor >= 64
    else { return "descriptor size" }
    guard value(0xCE, 2) <= block / 4 else { return "reserved descriptor blocks" }
    // The descriptors lie at the start, so they must be there even where the end was cut off. 256 MiB of them, which are
    // read into memory, are enough for 512 TiB.
    guard groups * descriptor <= min(sourceSize, 256 << 20) else { return "group count" }
    return nil
  }
}
