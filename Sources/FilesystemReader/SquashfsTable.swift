import CSquashfs
import SpaceModel

/// A table of a squashfs, read through its metadata blocks of 8 KiB each.
///
/// After an error it is not used again: libsquashfs' reader may then stand beyond the block it holds.
final class SquashfsTable {
  private let image: SquashfsImage
  private let reader: OpaquePointer
  private var isBroken = false
  private var scratch: [UInt8]

  /// - Parameters:
  ///   - start: Where its first block may lie, in bytes of the image.
  ///   - limit: Where its last block must have ended.
  init(_ image: SquashfsImage, start: UInt64, limit: UInt64) throws(StorageError) {
    self.image = image
    scratch = [UInt8](repeating: 0, count: 64)
    guard let reader = sqfs_meta_reader_create(image.file, image.compressor, start, limit) else {
      throw image.error(SQFS_ERROR_ALLOC.rawValue)
    }
    self.reader = reader
  }

  deinit { sqfs_destroy(UnsafeMutableRawPointer(reader)) }

  /// - Parameters:
  ///   - block: Where the block's header lies, in bytes of the image.
  ///   - offset: In the unpacked block.
  func seek(block: UInt64, offset: Int) throws(StorageError) {
    guard !isBroken else { throw image.corrupt("a table cannot be read") }
    try check(sqfs_meta_reader_seek(reader, block, offset))
  }

  /// The next `count` bytes; at most 64 KiB.
  func bytes(_ count: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(count, 64 << 10))
    guard !bytes.isEmpty else { return bytes }
    guard !isBroken else { throw image.corrupt("a table cannot be read") }
    try check(sqfs_meta_reader_read(reader, &bytes, bytes.count))
    return bytes
  }

  /// The next fields of a struct, each of so many bytes, little-endian.
  func fields(_ widths: [Int]) throws(StorageError) -> [UInt64] {
    let total = widths.reduce(0, +)
    guard !isBroken, total <= scratch.count else { throw image.corrupt("a table cannot be read") }
    try check(sqfs_meta_reader_read(reader, &scratch, total))
    var at = 0
    return widths.map { width in
      defer { at += width }
      return scratch[at..<at + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private func check(_ code: Int32) throws(StorageError) {
    guard code == 0 else {
      isBroken = true
      throw image.error(code)
    }
  }
}
