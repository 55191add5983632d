import SpaceModel

/// The blocks that say where a file's blocks are.
enum BlockMapping {
  /// Extent-tree blocks of ext4: four extents fit the inode, then come leaves of 12 bytes an extent behind a header of 12
  /// (with four of them there still is no second level worth a count).
  ///
  /// - Parameter run: Blocks in one piece. At most 32768 fit one extent; the allocator gives less.
  static func extentBlocks(mapping blocks: UInt64, blockBytes: UInt64, run: UInt64) -> UInt64 {
    let extents = divideUp(blocks, min(max(run, 1), 32768))
    guard extents > 4 else { return 0 }
    let perBlock = (blockBytes - 12) / 12
    var level = divideUp(extents, perBlock)
    var total = level
    while level > 4 {
      level = divideUp(level, perBlock)
      total += level
    }
    return total
  }

  /// Indirect, double and triple indirect blocks of ext2 and ext3; exact for a file without holes.
  static func indirectBlocks(mapping blocks: UInt64, blockBytes: UInt64) -> UInt64 {
    let perBlock = blockBytes / 4
    guard blocks > 12 else { return 0 }
    var rest = blocks - 12
    var total: UInt64 = 1
    guard rest > perBlock else { return total }
    rest -= perBlock
    let double = min(rest, perBlock.multipliedClamped(by: perBlock))
    total += 1 + divideUp(double, perBlock)
    rest -= double
    guard rest > 0 else { return total }
    let lowest = divideUp(rest, perBlock)
    return total + 1 + lowest + divideUp(lowest, perBlock)
  }
}

func divideUp(_ value: UInt64, _ unit: UInt64) -> UInt64 { value / unit + (value % unit == 0 ? 0 : 1) }
