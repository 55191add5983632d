import CSquashfs
import SpaceModel

/// The bytes of a file of a squashfs: blocks, blocks of zeros that are not stored, and an end in a fragment.
final class SquashfsFileContents: TreeFileContents {
  let size: UInt64
  private let cache: SquashfsBlockCache
  private let sizes: [UInt32]
  /// Where each block lies.
  private let starts: [UInt64]
  private let fragment: SquashfsBlock?
  private let fragmentOffset: Int

  /// - Parameter sizes: Of its blocks as they are stored, by the inode.
  init(
    size: UInt64, data: SquashfsInode.FileData, sizes: [UInt32], fragment: SquashfsBlock?, cache: SquashfsBlockCache
  ) {
    self.size = size
    self.sizes = sizes
    self.fragment = fragment
    self.cache = cache
    fragmentOffset = data.fragmentOffset
    var at = data.start
    starts = sizes.map { size in
      defer { at = at.addingClamped(UInt64(size & ~(1 << 24))) }
      return at
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard offset < size else { return 0 }
    let count = Int(min(UInt64(buffer.count), size - offset))
    let blockSize = UInt64(cache.blockSize)
    var done = 0
    while done < count {
      let at = offset + UInt64(done)
      let index = Int(at / blockSize)
      let within = Int(at % blockSize)
      // The last block may hold less than the others.
      let length = Int(min(blockSize, size - UInt64(index) * blockSize))
      let part = min(count - done, length - within)
      try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + part]), index, from: within, of: length)
      done += part
    }
    return count
  }

  private func fill(
    _ target: UnsafeMutableRawBufferPointer, _ index: Int, from within: Int, of length: Int
  ) throws(StorageError) {
    guard index < sizes.count else {
      guard let fragment else { throw cache.corrupt("a file has fewer blocks than bytes") }
      return try cache.copy(fragment, from: fragmentOffset + within, to: target)
    }
    guard sizes[index] & ~(1 << 24) > 0 else {
      // A block of zeros is not stored.
      target.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    let block = SquashfsBlock(start: starts[index], size: sizes[index])
    guard within == 0, target.count == length else { return try cache.copy(block, from: within, to: target) }
    // A whole block goes where it is wanted.
    guard try cache.unpack(block, into: target) == length else { throw cache.corrupt("a block is too short") }
  }
}

/// The blocks that were unpacked last: a fragment holds the ends of many files. Not thread-safe.
final class SquashfsBlockCache {
  private let image: SquashfsImage
  private let unpacker: SquashfsUnpacker
  private var kept: [(block: SquashfsBlock, bytes: [UInt8])] = []
  /// One for the file's blocks, one for its end, and one to spare.
  private static let limit = 3

  init(_ image: SquashfsImage) {
    self.image = image
    unpacker = SquashfsUnpacker(image)
  }

  var blockSize: Int { Int(image.superblock.block_size) }

  func corrupt(_ message: String) -> StorageError { image.corrupt(message) }

  func unpack(_ block: SquashfsBlock, into target: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
    try unpacker.unpack(block, into: target)
  }

  /// Copies a part of an unpacked block.
  ///
  /// - Throws: ``StorageError`` `.corrupt` where the block ends before the part does.
  func copy(
    _ block: SquashfsBlock, from offset: Int, to target: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    let bytes = try unpacked(block)
    guard offset >= 0, offset <= bytes.count, target.count <= bytes.count - offset else {
      throw image.corrupt("a file's end lies out of its fragment")
    }
    bytes.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + target.count]))
    }
  }

  private func unpacked(_ block: SquashfsBlock) throws(StorageError) -> [UInt8] {
    if let index = kept.firstIndex(where: { $0.block == block }) {
      let found = kept.remove(at: index)
      kept.append(found)
      return found.bytes
    }
    var bytes = [UInt8](repeating: 0, count: blockSize)
    let outcome = bytes.withUnsafeMutableBytes { buffer -> Result<Int, StorageError> in
      do throws(StorageError) { return .success(try unpacker.unpack(block, into: buffer)) } catch {
        return .failure(error)
      }
    }
    bytes.removeLast(bytes.count - (try outcome.get()))
    if kept.count >= Self.limit { kept.removeFirst() }
    kept.append((block, bytes))
    return bytes
  }
}
