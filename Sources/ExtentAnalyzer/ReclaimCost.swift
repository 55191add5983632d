import LinuxStorage
import SpaceModel

/// What holes cost: each is one more extent to remember, and those records take blocks of their own.
public struct ReclaimCost: Hashable, Sendable {
  /// As far as it can be foretold.
  public let expected: UInt64
  /// More than this it will not be.
  public let most: UInt64

  public static let none = ReclaimCost(expected: 0, most: 0)

  private init(expected: UInt64, most: UInt64) {
    self.expected = expected
    self.most = most
  }

  init(of plan: ReclaimPlan, on file: LiveFile) {
    guard !plan.ranges.isEmpty else {
      self = .none
      return
    }
    let host = file.host
    switch host.type {
    case "ext4":
      // Indirect blocks of ext2 and ext3 stand for a place in the file whether data is there or not: none is added. Those of
      // which all is punched go, too; how many that is depends on how the punches cut them, so the gain is a bound.
      if InodeFlags.of(file.file)?.hasExtents == false {
        self.init(expected: 0, most: min(plan.reclaimable, host.blockSize))
        return
      }
      let tree = ExtentTree(perBlock: (host.blockSize - 12) / 12, inInode: 4)
      // An extent of ext4 covers 32,768 blocks at most (`ee_len`).
      let counts = Self.extents(plan, longest: 32768 * host.blockSize)
      self = Self.growth(tree, counts, unit: plan.unit.bytes)
    case "xfs":
      // A block of the extent tree (`struct xfs_btree_block`, 72 bytes with checksums) holds records of 16 bytes; how
      // many fit into the inode depends on its size, so none is taken to.
      let tree = ExtentTree(perBlock: (host.blockSize - 72) / 16, inInode: 8)
      let counts = Self.extents(plan, longest: 2_097_151 * host.blockSize)
      let grown = Self.growth(tree, counts, unit: host.blockSize)
      // Each hole is free space that two trees remember, by place and by size, 8 bytes in each.
      let records = UInt64(plan.ranges.count).multipliedClamped(by: 16)
      let free = records / host.blockSize * host.blockSize
      self.init(expected: grown.expected + free, most: (grown.most + free) * 2 + 64 * host.blockSize)
    case "btrfs":
      // Checksums and extent items of what is freed go as well, in trees that are copied when they are written.
      self.init(expected: 0, most: min(plan.reclaimable, 2 << 20))
    default:
      self = .none
    }
  }

  private static func growth(
    _ tree: ExtentTree, _ counts: (before: UInt64, after: UInt64), unit: UInt64
  ) -> ReclaimCost {
    let before = tree.blocks(for: counts.before)
    let after = tree.blocks(for: counts.after)
    let added = after > before ? (after - before).multipliedClamped(by: unit) : 0
    // A block that is full is split in two, of which one may stay as it is; and how many records there are the map does
    // not tell to the last one, because it has neighbours joined.
    return ReclaimCost(expected: added, most: added.multipliedClamped(by: 2).addingClamped(unit))
  }

  /// How many extents the file has, and how many once the ranges are holes.
  private static func extents(_ plan: ReclaimPlan, longest: UInt64) -> (before: UInt64, after: UInt64) {
    func records(_ length: UInt64) -> UInt64 { (length + longest - 1) / longest }
    var before: UInt64 = 0
    var after: UInt64 = 0
    var next = 0
    for extent in plan.map {
      before += records(extent.length)
      var position = extent.start
      while next < plan.ranges.count, plan.ranges[next].end <= position { next += 1 }
      var at = next
      while at < plan.ranges.count, plan.ranges[at].start < extent.range.end {
        let hole = plan.ranges[at]
        if hole.start > position { after += records(hole.start - position) }
        position = max(position, min(hole.end, extent.range.end))
        at += 1
      }
      if position < extent.range.end { after += records(extent.range.end - position) }
    }
    return (before, after)
  }

  /// A tree of extent records, full to the brim.
  private struct ExtentTree {
    let perBlock: UInt64
    let inInode: UInt64

    func blocks(for records: UInt64) -> UInt64 {
      var blocks: UInt64 = 0
      var level = records
      while level > inInode, perBlock > 1 {
        level = (level + perBlock - 1) / perBlock
        blocks += level
      }
      return blocks
    }
  }
}
