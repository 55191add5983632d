import LinuxStorage
import SpaceModel
import Synchronization

/// Bytes in memory that can stop to be read, or read as others, from one moment on.
final class FickleSource: ByteSource {
  enum Mood { case faithful, failing, garbled }

  private let bytes: MemorySource
  private let state = Mutex(Mood.faithful)
  let path: FilePath = "fickle.img"
  var size: UInt64 { bytes.size }

  init(_ bytes: [UInt8]) { self.bytes = MemorySource(bytes) }

  var mood: Mood {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    switch mood {
    case .faithful: return try bytes.read(into: buffer, at: offset)
    case .failing: throw StorageError(.io, operation: "read", path: path, message: "the device reports a read error")
    case .garbled:
      for index in buffer.indices { buffer[index] = 0xA5 }
      return buffer.count
    }
  }

  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try read(into: buffer, at: offset)
  }
}
