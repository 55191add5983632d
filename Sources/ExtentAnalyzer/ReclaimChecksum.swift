import LinuxStorage
import SpaceModel

/// A checksum of a file's content in which zeros count for nothing but their place, so that a hole and written zeros give
/// the same.
///
/// Each block of 4 KiB that is not all zero is hashed together with its number, and the hashes are added up. It finds what
/// goes wrong by accident, and is no protection against somebody who means it.
public struct ReclaimChecksum: Hashable, Sendable {
  public private(set) var value: UInt64

  private static let block = 4096
  private static let bufferBytes = 1 << 20

  /// Reads a file from its first to its last byte, asking no map.
  ///
  /// - Parameters:
  ///   - read: Fills the buffer from an offset on, less only at the end of the file.
  ///   - isCancelled: Asked between reads.
  /// - Throws: ``StorageError``: what reading throws, `.cancelled`, or `.truncated` where the file ends early.
  public init(
    size: UInt64, path: FilePath, isCancelled: () -> Bool = { false },
    read: (UnsafeMutableRawBufferPointer, UInt64) throws(StorageError) -> Int
  ) throws(StorageError) {
    value = Self.mix(size)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferBytes, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: UInt64 = 0
    while offset < size {
      if isCancelled() {
        throw StorageError(.cancelled, operation: "read", path: path, message: "it was cancelled")
      }
      let want = Int(min(UInt64(buffer.count), size - offset))
      guard try read(UnsafeMutableRawBufferPointer(rebasing: buffer[..<want]), offset) == want else {
        throw StorageError(.truncated, operation: "read", path: path, message: "it ends before byte \(size)")
      }
      // The rest of the last block counts as zeros, which it is on the disk.
      let padded = (want + Self.block - 1) / Self.block * Self.block
      for index in want..<padded { buffer[index] = 0 }
      add(UnsafeRawBufferPointer(rebasing: buffer[..<padded]), at: offset)
      offset += UInt64(want)
    }
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    for start in stride(from: 0, to: bytes.count, by: Self.block) {
      let block = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.block])
      if ZeroTest.isZero(block) { continue }
      value &+= Self.hash(block, seed: offset &+ UInt64(start))
    }
  }

  /// Four lanes of multiply and rotate.
  private static func hash(_ block: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    let prime: UInt64 = 0x9e37_79b9_7f4a_7c15
    var lanes = SIMD4<UInt64>(mix(seed), mix(seed &+ 1), mix(seed &+ 2), mix(seed &+ 3))
    for at in stride(from: 0, to: block.count, by: 32) {
      let words = block.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self)
      let mixed = (lanes ^ words) &* SIMD4(repeating: prime)
      lanes = (mixed &<< SIMD4(repeating: 29)) | (mixed &>> SIMD4(repeating: 35))
    }
    return mix(lanes[0] ^ mix(lanes[1] ^ mix(lanes[2] ^ mix(lanes[3]))))
  }

  private static func mix(_ number: UInt64) -> UInt64 {
    var mixed = number &+ 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
