import CSquashfs
import LinuxStorage
import SpaceModel

/// Reads and unpacks single blocks of data of a squashfs. Not thread-safe.
final class SquashfsUnpacker {
  private let image: SquashfsImage
  private var stored: [UInt8]

  init(_ image: SquashfsImage) {
    self.image = image
    stored = []
  }

  /// Unpacks a block into `target`.
  ///
  /// - Returns: The bytes it unpacks to.
  /// - Throws: ``StorageError``: `.corrupt` where it lies out of the image, cannot be unpacked or does not fit;
  ///   `.truncated` where the source ends before it does.
  func unpack(_ block: SquashfsBlock, into target: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
    // No block is stored larger than it is (it is then stored as it is).
    guard block.length > 0, block.length <= Int(image.superblock.block_size),
      block.range.end <= image.superblock.bytes_used
    else { throw image.corrupt("a block of data lies out of it") }
    if !block.isCompressed {
      guard block.length <= target.count else { throw image.corrupt("a block of data is too long") }
      try fill(UnsafeMutableRawBufferPointer(rebasing: target[..<block.length]), block)
      return block.length
    }
    if stored.count < block.length { stored = [UInt8](repeating: 0, count: Int(image.superblock.block_size)) }
    let outcome = stored.withUnsafeMutableBytes { buffer -> Result<Int32, StorageError> in
      let input = UnsafeMutableRawBufferPointer(rebasing: buffer[..<block.length])
      do throws(StorageError) { try fill(input, block) } catch { return .failure(error) }
      return .success(
        image.compressor.pointee.do_block(
          image.compressor, input.bindMemory(to: UInt8.self).baseAddress, UInt32(block.length),
          target.bindMemory(to: UInt8.self).baseAddress, UInt32(target.count)))
    }
    let got = try outcome.get()
    // 0: it would unpack to more than there is room for.
    guard got > 0, Int(got) <= target.count else { throw image.corrupt("a block cannot be unpacked") }
    return Int(got)
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer, _ block: SquashfsBlock) throws(StorageError) {
    let got = try image.source.readQuietly(into: buffer, at: block.start)
    guard got == buffer.count else {
      throw StorageError(
        .truncated, operation: SquashfsImage.operation, path: image.source.path,
        message: "it ends at byte \(block.start + UInt64(got)), inside its data", hint: "Copy it again.")
    }
  }
}
