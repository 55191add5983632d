import LinuxStorage
import SpaceModel

/// What a punch frees at least, in bytes: a block, or a cluster of them on ext4 with bigalloc.
public struct AllocationUnit: Hashable, Sendable {
  /// A power of two.
  public var bytes: UInt64
  /// Whether the filesystem said so. Otherwise it is the largest unit that nothing seen contradicts: with it, no
  /// figure is too large.
  public var isCertain: Bool

  /// Known, or inferred for a mounted ext4 whose device cannot be opened: neither statfs(2) nor fstat(2) tells its
  /// cluster. But free space and `st_blocks` are whole clusters, and a byte's place within its cluster is the same in
  /// the file and on the device.
  static func of(_ source: any ImageSource, map: ExtentMap, allocated: UInt64) -> AllocationUnit {
    let host = source.host
    if let unit = host.allocationUnit { return AllocationUnit(bytes: unit, isCertain: true) }
    guard host.type == "ext4" else { return AllocationUnit(bytes: host.blockSize, isCertain: false) }
    // The largest cluster mke2fs(8) makes is 512 MiB; beyond 1 MiB the difference does not matter for a lower bound.
    var evidence: UInt64 = (1 << 20) | host.freeBytes | allocated
    for extent in map {
      if let physical = extent.physical { evidence |= physical &- extent.start }
      if evidence & (host.blockSize &* 2 - 1) != 0 { break }
    }
    let unit = max(host.blockSize, evidence & (~evidence &+ 1))
    if unit != host.blockSize, let exact = source.askAllocationUnit() {
      return AllocationUnit(bytes: exact, isCertain: true)
    }
    return AllocationUnit(bytes: unit, isCertain: unit == host.blockSize)
  }
}
