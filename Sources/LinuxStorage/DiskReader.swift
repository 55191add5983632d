import CLinuxStorage
import Glibc
import SpaceModel

/// Reads what a file has on the disk, not what the page cache holds of it.
public final class DiskReader: Sendable {
  /// How that is done.
  public enum Method: String, Sendable, Hashable {
    /// O_DIRECT.
    case direct
    /// Its pages were written back and taken out of the page cache (POSIX_FADV_DONTNEED).
    case cacheDropped = "cache-dropped"
    /// It lies in memory only (tmpfs).
    case memory
  }

  public let method: Method
  private let path: FilePath
  private let descriptor: Int32

  /// - Parameter descriptor: Stays open as long as this is used, and is not closed by it.
  /// - Throws: ``StorageError`` where what is not written back yet cannot be.
  public init(_ descriptor: Int32, path: FilePath, inMemory: Bool) throws(StorageError) {
    self.path = path
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw SystemCallTable.error(operation: "read", path: path, call: "fsync", errno: errno)
    }
    let direct = cls_open_direct(descriptor)
    if !inMemory, direct >= 0, Self.reads(direct) {
      self.descriptor = direct
      method = .direct
    } else {
      if direct >= 0 { _ = close(direct) }
      posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
      self.descriptor = descriptor
      method = inMemory ? .memory : .cacheDropped
    }
  }

  deinit { if method == .direct { _ = close(descriptor) } }

  /// Buffers, offsets and lengths of direct reads are multiples of this.
  public static let alignment = 4096

  /// Some filesystems take the flag at open and refuse the reads.
  private static func reads(_ descriptor: Int32) -> Bool {
    let probe = UnsafeMutableRawBufferPointer.allocate(byteCount: alignment, alignment: alignment)
    defer { probe.deallocate() }
    return pread(descriptor, probe.baseAddress, probe.count, 0) >= 0 || errno != EINVAL
  }

  /// pread(2) until `buffer`, whose size and offset are multiples of ``alignment``, is full or the file ends.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard let base = buffer.baseAddress else { return 0 }
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, base + done, buffer.count - done, off_t(clamping: offset) + off_t(done))
      if count > 0 {
        done += count
        // The end of the file; another direct read from here would not be aligned.
        if done % Self.alignment != 0 { break }
      } else if count == 0 {
        break
      } else if errno != EINTR {
        throw SystemCallTable.error(
          operation: "read", path: path, call: "pread", errno: errno, at: offset + UInt64(done))
      }
    }
    return done
  }
}
