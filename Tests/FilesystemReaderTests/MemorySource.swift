import LinuxStorage
import SpaceModel
import Synchronization

/// Bytes in memory, and what was read of them; for images that are damaged thousands of times.
final class MemorySource: ByteSource {
  let bytes: [UInt8]
  let path: FilePath = "memory.img"
  private let reads = Mutex<[ByteRange]>([])
  var size: UInt64 { UInt64(bytes.count) }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// How much was read so far, again and again included.
  var bytesRead: UInt64 { reads.withLock { $0.reduce(0) { $0 + $1.length } } }

  /// What was read so far, without overlaps.
  var readRanges: [ByteRange] { reads.withLock { ByteRange.union($0) } }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard offset < size else { return 0 }
    let start = Int(offset)
    let count = min(buffer.count, bytes.count - start)
    bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
    reads.withLock { $0.append(ByteRange(start: offset, length: UInt64(count))) }
    return count
  }

  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try read(into: buffer, at: offset)
  }
}
