import SpaceModel

extension NewImage {
  /// What the finished image takes on the filesystem that holds it: 512 × its `st_blocks`.
  ///
  /// Blocks that mkfs and rsync write become data of the file; those never written stay holes: inode tables without an
  /// inode in use (mke2fs punches the file first and then need not clear them), the space resize_inode reserves behind
  /// the backups, and free blocks.
  ///
  /// - Parameters:
  ///   - census: The tree; with a demand on ``filesystem``.
  ///   - hostUnitBytes: The allocation unit of the filesystem that holds the image.
  /// - Returns: `nil` where the census has no figures for this image's block size.
  public func allocatedBytes(
    holding census: TreeCensus, _ attributes: AttributeRule, hostUnitBytes: ByteCount
  ) -> ByteCount? {
    guard let demand = census.demand(on: filesystem, attributes) else { return nil }
    return allocatedBytes(holding: demand, inodes: census.inodes, hostUnitBytes: hostUnitBytes)
  }

  /// The same for one demand.
  public func allocatedBytes(holding demand: TreeDemand, inodes: Int64, hostUnitBytes: ByteCount) -> ByteCount? {
    guard demand.filesystem == filesystem, hostUnitBytes.bytes >= 512 else { return nil }
    let unit = UInt64(clamping: hostUnitBytes.bytes)
    let block = geometry.blockBytes
    let content = UInt64(clamping: contentBlocks(demand))
    let inodes = UInt64(clamping: max(0, inodes))

    // Inodes are taken from a group's start on; new directories spread over the groups, so that each of these can have a
    // part of a block.
    let groups = min(geometry.groupCount, inodes)
    let tables = min(
      divideUp(inodes, geometry.inodesPerBlock) + groups, geometry.inodeTableBlocks * geometry.groupCount)

    var units = writtenByMkfs(unit: unit)
    units += divideUp(content.multipliedClamped(by: block), unit) + divideUp(tables * block, unit)
    if unit > block {
      // Pieces of files begin and end within a unit, and so do the groups' own tables.
      let lost = UInt64(clamping: max(0, demand.pieces)).multipliedClamped(by: unit - block) / 8 * 7
      units = units.addingClamped(divideUp(lost, unit)).addingClamped(divideUp(groups, 2))
    }
    // No more than the file has.
    units = min(units, divideUp(UInt64(clamping: nominalBytes.bytes), unit))
    let host = min(unit, 4096)
    let map = BlockMapping.extentBlocks(mapping: divideUp(units * unit, host), blockBytes: host, run: Self.hostRun)
    return ByteCount(clamping: units.addingClamped(map).multipliedClamped(by: unit))
  }

  /// Blocks of the host in one piece: the loop device writes as the filesystem inside writes back, here and there.
  private static let hostRun: UInt64 = 32

  /// Units of the host that hold what mke2fs writes.
  func writtenByMkfs(unit: UInt64) -> UInt64 {
    var cover = UnitCover(unit: unit)
    let block = geometry.blockBytes
    for group in 0..<geometry.groupCount {
      var at = geometry.firstBlock + group * geometry.blocksPerGroup
      if geometry.hasSuperblock(group) {
        // The first group's reserved blocks hold the addresses of those behind the backups.
        let reserved = group == 0 ? geometry.reservedBlocks : 0
        // The superblock always lies at byte 1024, whose block begins with zeros that are written.
        cover.add(at * block, blocks: 1 + geometry.descriptorBlocks + reserved, of: block)
        at += 1 + geometry.descriptorBlocks + geometry.reservedBlocks
      }
      // The first inodes are the filesystem's own.
      let tables = group == 0 ? divideUp(ImageGeometry.firstInodes, geometry.inodesPerBlock) : 0
      cover.add(at * block, blocks: 2 + tables, of: block)
      if group == 0 {
        cover.add((at + 2 + geometry.inodeTableBlocks) * block, blocks: geometry.firstFileBlocks, of: block)
      }
    }
    // Old RAID superblocks are wiped off the end: 64 KiB, from a multiple of that on.
    let end = geometry.blockCount * block
    let wiped: UInt64 = 65536
    if end / wiped > 1 {
      let start = end / wiped * wiped - wiped
      cover.add(start, end: end)
    }
    return cover.units
  }
}

/// Counts the allocation units that ascending byte ranges touch, each once.
struct UnitCover {
  let unit: UInt64
  private(set) var units: UInt64 = 0
  private var next: UInt64 = 0

  init(unit: UInt64) { self.unit = unit }

  mutating func add(_ start: UInt64, blocks: UInt64, of block: UInt64) { add(start, end: start + blocks * block) }

  mutating func add(_ start: UInt64, end: UInt64) {
    guard end > start else { return }
    let first = max(start / unit, next)
    let last = divideUp(end, unit)
    guard last > first else { return }
    units += last - first
    next = last
  }
}
