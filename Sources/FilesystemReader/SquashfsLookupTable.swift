import CSquashfs
import LinuxStorage
import SpaceModel

/// The tables of a squashfs that are reached through an index of their blocks: fragments, and owners and groups.
final class SquashfsLookupTable {
  private let image: SquashfsImage
  private let table: SquashfsTable
  /// Where the index of 8-byte pointers lies.
  private let start: UInt64
  private let count: Int
  private let width: Int
  /// Unpacked blocks of 8 KiB by their number.
  private var known: [Int: [UInt8]] = [:]

  /// - Parameters:
  ///   - count: Entries, by the superblock.
  ///   - width: Bytes an entry, a divisor of 8192.
  init(_ image: SquashfsImage, start: UInt64, count: Int, width: Int) throws(StorageError) {
    self.image = image
    self.start = start
    self.count = count
    self.width = width
    // A table lies before its index.
    table = try SquashfsTable(image, start: image.superblock.inode_table_start, limit: start)
  }

  /// - Throws: ``StorageError`` `.corrupt` where there is no such entry.
  func entry(_ index: Int) throws(StorageError) -> ArraySlice<UInt8> {
    guard index >= 0, index < count, start < image.superblock.bytes_used else {
      throw image.corrupt("an entry lies out of its table")
    }
    let perBlock = (8 << 10) / width
    let at = index % perBlock * width
    return try block(index / perBlock, perBlock)[at..<at + width]
  }

  private func block(_ number: Int, _ perBlock: Int) throws(StorageError) -> [UInt8] {
    if let block = known[number] { return block }
    let pointer = try image.source.bytes(at: start.addingClamped(UInt64(number) * 8), count: 8)
    guard pointer.count == 8 else { throw image.corrupt("a table's index is cut off") }
    try table.seek(block: pointer.reversed().reduce(0) { $0 << 8 | UInt64($1) }, offset: 0)
    let entries = min(perBlock, count - number * perBlock)
    let block = try table.bytes(entries * width)
    // 32 MiB; the largest images have some ten thousand fragments.
    if known.count >= 4096 { known.removeAll() }
    known[number] = block
    return block
  }
}

/// A block of data as it is stored.
struct SquashfsBlock: Hashable {
  /// In the image.
  var start: UInt64
  /// As it is stored.
  var length: Int
  var isCompressed: Bool

  /// - Parameter size: With the bit that marks a block stored as it is.
  init(start: UInt64, size: UInt32) {
    self.start = start
    length = Int(size & ~(1 << 24))
    isCompressed = size & (1 << 24) == 0
  }

  var range: ByteRange { ByteRange(start: start, length: UInt64(length)) }
}

extension SquashfsLookupTable {
  static func fragments(_ image: SquashfsImage) throws(StorageError) -> SquashfsLookupTable {
    try SquashfsLookupTable(
      image, start: image.superblock.fragment_table_start, count: Int(image.superblock.fragment_entry_count), width: 16)
  }

  static func owners(_ image: SquashfsImage) throws(StorageError) -> SquashfsLookupTable {
    try SquashfsLookupTable(
      image, start: image.superblock.id_table_start, count: Int(image.superblock.id_count), width: 4)
  }

  /// `struct squashfs_fragment_entry`.
  func fragment(_ index: UInt32) throws(StorageError) -> SquashfsBlock {
    let bytes = try entry(Int(index))
    let start = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let size = bytes.dropFirst(8).prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return SquashfsBlock(start: start, size: size)
  }

  func owner(_ index: Int) throws(StorageError) -> UInt32 {
    try entry(index).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
