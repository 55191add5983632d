import Glibc
import SpaceModel

/// pread(2), repeated until a buffer is full or the file ends.
enum PositionedRead {
  /// - Returns: The number of bytes read; less than asked for only at the end of the file.
  static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: UInt64, path: FilePath
  ) throws(StorageError) -> Int {
    guard let base = buffer.baseAddress, let start = Int(exactly: offset) else { return 0 }
    var done = 0
    while done < buffer.count {
      let got = pread(descriptor, base + done, buffer.count - done, start + done)
      if got > 0 {
        done += got
      } else if got == 0 {
        break
      } else if errno != EINTR {
        throw SystemCallTable.error(
          operation: "read", path: path, call: "pread", errno: errno, at: offset + UInt64(done))
      }
    }
    return done
  }
}
