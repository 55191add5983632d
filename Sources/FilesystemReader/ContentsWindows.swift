import LinuxStorage
import SpaceModel
import Synchronization

/// A source whose small reads are served from larger ones, for reading many small files in about the order they lie.
///
/// Reads that leave the page cache as it was get no read-ahead, and a disk takes as long for 4 KiB as for this much.
final class ContentsWindows: ByteSource {
  private struct Window {
    var start: UInt64
    var bytes: [UInt8]
  }

  private static let length: UInt64 = 128 << 10
  /// 4 MiB in all.
  private static let most = 32

  private let base: any ByteSource
  /// The one used last stands last.
  private let windows = Mutex<[Window]>([])
  var path: FilePath { base.path }
  var size: UInt64 { base.size }

  init(_ base: any ByteSource) { self.base = base }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try base.read(into: buffer, at: offset)
  }

  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard UInt64(buffer.count) < Self.length / 2 else { return try base.readQuietly(into: buffer, at: offset) }
    var done = 0
    while done < buffer.count, offset + UInt64(done) < size {
      let at = offset + UInt64(done)
      let window = try window(at / Self.length * Self.length)
      let within = Int(at - window.start)
      // The source may have become shorter.
      let count = min(buffer.count - done, window.bytes.count - within)
      guard count > 0 else { break }
      let target = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
      window.bytes.withUnsafeBytes {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[within..<within + count]))
      }
      done += count
    }
    return done
  }

  private func window(_ start: UInt64) throws(StorageError) -> Window {
    let known = windows.withLock { windows -> Window? in
      guard let index = windows.lastIndex(where: { $0.start == start }) else { return nil }
      let window = windows.remove(at: index)
      windows.append(window)
      return window
    }
    if let known { return known }
    var bytes = [UInt8](repeating: 0, count: Int(min(Self.length, size - start)))
    let outcome = bytes.withUnsafeMutableBytes { buffer -> Result<Int, StorageError> in
      do throws(StorageError) { return .success(try base.readQuietly(into: buffer, at: start)) } catch {
        return .failure(error)
      }
    }
    bytes.removeLast(bytes.count - (try outcome.get()))
    let window = Window(start: start, bytes: bytes)
    windows.withLock { windows in
      if windows.count >= Self.most { windows.removeFirst() }
      windows.append(window)
    }
    return window
  }
}
