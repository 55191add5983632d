import SpaceModel

/// Totals over the images of a partition that count every byte of storage once.
struct StorageOnce {
  private var inodes: Set<UInt64> = []
  private var allocated: UInt64 = 0
  /// `nil` until one is known.
  private var reclaimable: UInt64?
  private var shared: [ByteRange] = []

  /// Adds an image; a hard link of one that was added already adds nothing.
  ///
  /// - Parameters:
  ///   - reclaimable: `nil` where it is not known; it is then missing from the total.
  ///   - map: `nil` where the image could not be mapped.
  mutating func add(inode: UInt64, allocated: UInt64, reclaimable: ByteCount?, map: ExtentMap?) {
    guard inodes.insert(inode).inserted else { return }
    self.allocated = self.allocated.addingClamped(allocated)
    if let reclaimable { self.reclaimable = (self.reclaimable ?? 0).addingClamped(UInt64(max(0, reclaimable.bytes))) }
    guard let map else { return }
    for extent in map where extent.flags.contains(.shared) {
      if let physical = extent.physical { shared.append(ByteRange(start: physical, length: extent.length)) }
    }
  }

  var totals: Partition.Totals {
    let mapped = shared.reduce(UInt64(0)) { $0.addingClamped($1.length) }
    let once = ByteRange.union(shared).reduce(UInt64(0)) { $0.addingClamped($1.length) }
    return Partition.Totals(
      allocatedBytes: ByteCount(clamping: allocated - min(mapped - once, allocated)),
      reclaimableBytes: reclaimable.map(ByteCount.init(clamping:)))
  }
}
