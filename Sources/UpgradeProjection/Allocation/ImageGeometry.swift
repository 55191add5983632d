import SpaceModel

/// Where mke2fs puts what an ext2 filesystem needs for itself.
///
/// That of plain `mkfs.ext2 FILE` with the mke2fs.conf that e2fsprogs ships since 1.46.4: below 3 MiB type `floppy`, below
/// 512 MiB `small`, both with blocks of 1 KiB; then 4 KiB; inodes of 256 bytes; sparse_super, resize_inode, no flex_bg, no
/// journal. See mke2fs.conf(5).
struct ImageGeometry {
  let blockBytes: UInt64
  private(set) var blockCount: UInt64
  let firstBlock: UInt64
  private(set) var groupCount: UInt64 = 0
  private(set) var inodesPerGroup: UInt64 = 0
  /// Blocks of the descriptor table.
  private(set) var descriptorBlocks: UInt64 = 0
  /// What resize_inode keeps free behind each copy of that table.
  private(set) var reservedBlocks: UInt64 = 0

  static let inodeBytes: UInt64 = 256
  var blocksPerGroup: UInt64 { blockBytes * 8 }
  var inodeTableBlocks: UInt64 { divideUp(inodesPerGroup * Self.inodeBytes, blockBytes) }
  var inodesPerBlock: UInt64 { blockBytes / Self.inodeBytes }

  /// - Returns: `nil` for a size mke2fs refuses, and from 4 TiB on, where the types are others.
  init?(nominalBytes: UInt64) {
    let kibibytes = nominalBytes / 1024
    let ratio: UInt64
    switch kibibytes {
    case ..<(3 << 10): (blockBytes, ratio) = (1024, 8192)
    case ..<(512 << 10): (blockBytes, ratio) = (1024, 4096)
    case ..<(4 << 30): (blockBytes, ratio) = (4096, 16384)
    default: return nil
    }
    firstBlock = blockBytes == 1024 ? 1 : 0
    // Whole pages of 4 KiB.
    blockCount = nominalBytes / 4096 * (4096 / blockBytes)
    let inodes = max(blockCount * blockBytes / ratio, 12)
    let descriptorsPerBlock = blockBytes / 32

    while true {
      guard blockCount > firstBlock else { return nil }
      groupCount = divideUp(blockCount - firstBlock, blocksPerGroup)
      descriptorBlocks = divideUp(groupCount, descriptorsPerBlock)
      let perTable = divideUp(divideUp(inodes, groupCount) * Self.inodeBytes, blockBytes) * inodesPerBlock
      inodesPerGroup = max(perTable & ~7, 8)
      // Room for a filesystem 1024 times as large, or of 2^32 blocks.
      let largest = blockCount < 0xffff_ffff / 1024 ? blockCount * 1024 : 0xffff_ffff
      let largestTable = divideUp(divideUp(largest - firstBlock, blocksPerGroup), descriptorsPerBlock)
      reservedBlocks = min(largestTable - descriptorBlocks, blockBytes / 4)

      // A last group that is too small to be worth its metadata is left off.
      let rest = (blockCount - firstBlock) % blocksPerGroup
      let own = overhead(ofGroup: groupCount - 1)
      if rest > 0, rest < own + (groupCount == 1 ? 0 : 50) {
        guard groupCount > 1 else { return nil }
        blockCount -= rest
      } else {
        break
      }
    }
  }

  /// sparse_super: the first group and those whose number is a power of 3, 5 or 7 hold superblock and descriptors.
  func hasSuperblock(_ group: UInt64) -> Bool {
    if group <= 1 { return true }
    return [3, 5, 7].contains { (base: UInt64) in
      var power = base
      while power < group { power *= base }
      return power == group
    }
  }

  /// Blocks of a group that hold no files.
  func overhead(ofGroup group: UInt64) -> UInt64 {
    2 + inodeTableBlocks + (hasSuperblock(group) ? 1 + descriptorBlocks + reservedBlocks : 0)
  }

  /// The root directory, `lost+found` and the resize inode's block of pointers.
  var firstFileBlocks: UInt64 { 1 + lostAndFoundBlocks + 1 }

  /// mke2fs gives it 16 KiB, and with blocks of 1 KiB no more than need no indirect block.
  var lostAndFoundBlocks: UInt64 { blockBytes == 1024 ? 12 : 4 }

  var freeBlocks: UInt64 {
    var used = firstFileBlocks
    for group in 0..<groupCount { used += overhead(ofGroup: group) }
    return blockCount - firstBlock - min(used, blockCount - firstBlock)
  }

  var inodeCount: UInt64 { inodesPerGroup * groupCount }
  /// 1 to 10 are reserved, 11 is `lost+found`.
  static let firstInodes: UInt64 = 11
}
