import CExt2fs
import SpaceModel

/// What an inode's own bytes tell of its blocks, before any node of its block map is read.
struct InodeGlance {
  let number: UInt32
  /// The file's type bits of `i_mode`.
  let type: UInt16
  /// `i_blocks` in blocks of the filesystem, as far as it fits.
  let blocks: UInt32
  /// It says of itself something that only a walk can judge.
  private let isOdd: Bool
  private let bytes: UnsafeRawBufferPointer
  private let usesExtents: Bool
  private let attributeBlock: UInt64
  private let blockSize: UInt64

  /// - Parameter bytes: The inode as it lies in the table, at least 128 bytes; they must outlive this.
  init(_ number: UInt32, _ bytes: UnsafeRawBufferPointer, blockSize: UInt64) {
    self.number = number
    self.bytes = bytes
    self.blockSize = blockSize
    let mode = bytes.half(0)
    type = mode & 0xF000
    let flags = bytes.word(32)
    usesExtents = flags & UInt32(bitPattern: EXT4_EXTENTS_FL) != 0
    let special = EXT4_HUGE_FILE_FL | EXT4_EA_INODE_FL | EXT4_VERITY_FL | EXT4_INLINE_DATA_FL
    isOdd = mode == 0 || bytes.half(26) == 0 || flags & UInt32(bitPattern: special) != 0
    let claimed = UInt64(bytes.word(28)) | UInt64(bytes.half(116)) << 32
    blocks = UInt32(clamping: claimed / (blockSize / 512))
    attributeBlock = UInt64(bytes.word(104)) | UInt64(bytes.half(118)) << 32
  }

  /// Whether a block that it names itself is in doubt, or a walk would have something to say of it.
  ///
  /// - Parameter nodes: Gets the nodes of its map: what those name is not known yet.
  func touches(_ doubtful: DoubtfulRanges, blockCount: UInt64, nodes: inout [MapNode]) -> Bool {
    if isOdd { return true }
    if attributeBlock != 0 {
      let place = ByteRange(start: attributeBlock.multipliedClamped(by: blockSize), length: blockSize)
      if attributeBlock >= blockCount || doubtful.touches(place) { return true }
    }
    // A short link's target, or a device's number.
    guard type == 0x8000 || type == 0x4000 || (type == 0xA000 && (bytes.word(4) >= 60 || usesExtents)) else {
      return false
    }
    let map = UnsafeRawBufferPointer(rebasing: bytes[40..<100])
    let look = MapLook(doubtful, blockCount: blockCount, blockSize: blockSize)
    if usesExtents { return look.extents(map, of: number, &nodes) }
    if look.pointers(UnsafeRawBufferPointer(rebasing: map[..<48])) { return true }
    for level in 1...3 {
      let block = UInt64(map.word(44 + level * 4))
      guard block != 0 else { continue }
      if look.isInDoubt(block, 1) { return true }
      nodes.append(MapNode(block: block, inode: number, level: UInt8(level)))
    }
    return false
  }
}

/// A node of a block map that is still to be looked at.
struct MapNode {
  var block: UInt64
  var inode: UInt32
  /// 1 for an indirect block, up to 3; 0 for a node of an extent tree.
  var level: UInt8

  /// Whether a block that it names is in doubt, or a walk would have something to say of it.
  ///
  /// - Parameter below: Gets the nodes under it.
  func touches(
    _ bytes: UnsafeRawBufferPointer, _ doubtful: DoubtfulRanges, blockCount: UInt64, below: inout [MapNode]
  ) -> Bool {
    if bytes.isZero { return true }
    let look = MapLook(doubtful, blockCount: blockCount, blockSize: UInt64(bytes.count))
    if level == 0 { return look.extents(bytes, of: inode, &below) }
    if look.pointers(bytes) { return true }
    guard level > 1 else { return false }
    for index in 0..<bytes.count / 4 {
      let block = UInt64(bytes.word(index * 4))
      if block != 0 { below.append(MapNode(block: block, inode: inode, level: level - 1)) }
    }
    return false
  }
}

/// Goes through what a node names, as fast as it can.
private struct MapLook {
  private let doubtful: DoubtfulRanges
  private let blockCount: UInt64
  private let blockSize: UInt64

  init(_ doubtful: DoubtfulRanges, blockCount: UInt64, blockSize: UInt64) {
    self.doubtful = doubtful
    self.blockCount = blockCount
    self.blockSize = blockSize
  }

  /// In doubt, or outside of the filesystem.
  func isInDoubt(_ block: UInt64, _ count: UInt64) -> Bool {
    guard block > 0, count > 0, block.addingClamped(count) <= blockCount else { return true }
    return doubtful.touches(ByteRange(start: block * blockSize, length: count * blockSize))
  }

  func pointers(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var start: UInt32 = 0
    var next: UInt32 = 0
    for at in stride(from: 0, to: bytes.count, by: 4) {
      let block = bytes.word(at)
      if block == next, block != 0 {
        next &+= 1
        continue
      }
      if start != 0, isInDoubt(UInt64(start), UInt64(next &- start)) { return true }
      start = block
      next = block &+ (block == 0 ? 0 : 1)
    }
    return start != 0 && isInDoubt(UInt64(start), UInt64(next &- start))
  }

  func extents(_ bytes: UnsafeRawBufferPointer, of inode: UInt32, _ nodes: inout [MapNode]) -> Bool {
    guard let (depth, count) = ExtentEntry.header(of: bytes) else { return true }
    var position: UInt64 = 0
    for index in 0..<count {
      let entry = ExtentEntry(bytes, index, isLeaf: depth == 0)
      guard entry.logical >= position else { return true }
      if isInDoubt(entry.block, entry.count) { return true }
      if depth > 0 { nodes.append(MapNode(block: entry.block, inode: inode, level: 0)) }
      position = entry.logical + entry.count
    }
    return false
  }
}
