import SpaceModel

/// Bytes in memory.
public final class MemorySource: ByteSource {
  public let path: FilePath
  private let bytes: [UInt8]
  public var size: UInt64 { UInt64(bytes.count) }

  public init(_ bytes: [UInt8], path: FilePath) {
    self.bytes = bytes
    self.path = path
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
    guard offset < size else { return 0 }
    let count = min(buffer.count, bytes.count - Int(offset))
    buffer.copyBytes(from: bytes[Int(offset)..<(Int(offset) + count)])
    return count
  }

  public func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
    read(into: buffer, at: offset)
  }
}
