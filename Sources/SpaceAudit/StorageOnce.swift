import SpaceModel

/// Totals over the images of a partition that count every byte of storage once.
struct StorageOnce {
  private var inodes: Set<UInt64> = []
  private var allocated: UInt64 = 0
  private var reclaimable: UInt64 = 0
  private var shared: [ByteRange] = []

  /// Adds an image; a hard link of one that was added already adds nothing.
  mutating func add(inode: UInt64, allocated: UInt64, reclaimable: UInt64, map: ExtentMap) {
    guard inodes.insert(inode).inserted else { return }
    self.allocated += allocated
    self.reclaimable += reclaimable
    for extent in map where extent.flags.contains(.shared) {
      if let physical = extent.physical { shared.append(ByteRange(start: physical, length: extent.length)) }
    }
  }

  var totals: Partition.Totals {
    let mapped = shared.reduce(UInt64(0)) { $0 + $1.length }
    let once = ByteRange.union(shared).reduce(UInt64(0)) { $0 + $1.length }
    return Partition.Totals(
      allocatedBytes: ByteCount(clamping: allocated - min(mapped - once, allocated)),
      reclaimableBytes: ByteCount(clamping: reclaimable))
  }
}
