import SpaceModel

/// An entry of a node of an extent tree: `struct ext4_extent` in a leaf, else `struct ext4_extent_idx`.
struct ExtentEntry {
  /// `eh_magic` of a node's header.
  static let magic: UInt16 = 0xF30A
  /// Of the header and of each entry.
  static let bytes = 12

  /// The first block of the file that it is about.
  let logical: UInt64
  /// The first block of the extent, or the node below.
  let block: UInt64
  /// How many blocks; 1 for a node.
  let count: UInt64
  let isUnwritten: Bool

  /// - Parameters:
  ///   - node: It holds the entry whole.
  ///   - index: The entry's, from 0.
  init(_ node: UnsafeRawBufferPointer, _ index: Int, isLeaf: Bool) {
    let at = Self.bytes * (index + 1)
    logical = UInt64(node.word(at))
    guard isLeaf else {
      block = UInt64(node.word(at + 4)) | UInt64(node.half(at + 8)) << 32
      (count, isUnwritten) = (1, false)
      return
    }
    block = UInt64(node.word(at + 8)) | UInt64(node.half(at + 6)) << 32
    let raw = UInt64(node.half(at + 4))
    // EXT_INIT_MAX_LEN: a larger length marks an unwritten extent.
    isUnwritten = raw > 0x8000
    count = isUnwritten ? raw - 0x8000 : raw
  }

  /// What the header of a node says: how deep the tree below it is, 0 for a leaf, and how many entries it holds.
  ///
  /// - Returns: `nil` where its header is none, or they would not fit in it.
  static func header(of node: UnsafeRawBufferPointer) -> (depth: Int, count: Int)? {
    let count = Int(node.half(2))
    guard node.half(0) == magic, bytes * (count + 1) <= node.count else { return nil }
    return (Int(node.half(6)), count)
  }
}
