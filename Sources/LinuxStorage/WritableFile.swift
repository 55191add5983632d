import CLinuxStorage
import Glibc
import SpaceModel

/// An existing file, open for reading and writing, to punch holes into it.
///
/// Opening it asks nobody to wait: where another process holds a lease on it, opening fails with `.busy`.
public final class WritableFile: Sendable {
  public let path: FilePath
  public let descriptor: Int32

  /// - Parameters:
  ///   - path: Without a symbolic link at its end.
  ///   - shown: The path errors name, where that is another.
  /// - Throws: ``StorageError``; `.readOnly` filesystems answer with their own sentence.
  public init(_ path: FilePath, shown: FilePath? = nil) throws(StorageError) {
    self.path = shown ?? path
    descriptor = withCPath(path) { cls_open_write($0) }
    if descriptor < 0 { throw Self.openError(-descriptor, self.path) }
    guard try status().kind == .regular else {
      throw StorageError(.wrongType, operation: "open", path: self.path, message: "it is not a regular file")
    }
  }

  deinit { if descriptor >= 0 { _ = close(descriptor) } }

  private static func openError(_ code: Int32, _ path: FilePath) -> StorageError {
    var error = SystemCallTable.error(operation: "open for writing", path: path, call: "open", errno: code)
    switch code {
    case EROFS:
      error.code = .permissionDenied
      error.message = "its filesystem is mounted read-only"
      error.hint = "Use --remount to make it writable for the duration."
    case EWOULDBLOCK:
      error.code = .busy
      error.message = "another process holds a lease on it"
      error.hint = "Try again when that process is done with it; lslocks(8) names it."
    case ETXTBSY:
      error.code = .busy
      error.message = "it is a swap file or a program that runs"
      error.hint = nil
    case EPERM:
      error.hint = "It may be immutable (lsattr(1)); else run as root."
    default: break
    }
    return error
  }

  public func status() throws(StorageError) -> FileStatus {
    var raw = stat()
    guard fstat(descriptor, &raw) == 0 else {
      throw SystemCallTable.error(operation: "read the status of", path: path, call: "fstat", errno: errno)
    }
    return FileStatus(raw)
  }

  /// pread(2), repeated until `buffer` is full or the file ends.
  ///
  /// - Returns: The number of bytes read; less than asked for only at the end of the file.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try PositionedRead.fill(buffer, from: descriptor, at: offset, path: path)
  }

  /// The units of a range that hold nothing but zeros, looked for in the page cache; what is not there is brought there.
  ///
  /// - Parameters:
  ///   - unit: A power of two; the range is of whole units.
  ///   - size: Where the file ends; the unit that it cuts counts by its bytes before it.
  /// - Returns: Ascending, joined where they touch. `nil`: it must be read, which also tells what is wrong.
  public func zeros(in range: ByteRange, unit: UInt64, size: UInt64) -> [ByteRange]? {
    ZeroWindow.zeros(of: CollectionOfOne(range), unit: unit, size: size, descriptor: descriptor)
  }

  /// Makes a range read as zeros and gives its storage back (FALLOC_FL_PUNCH_HOLE); the size stays.
  ///
  /// - Throws: ``StorageError``; `.unsupported` where the filesystem cannot make holes.
  public func punch(_ range: ByteRange) throws(StorageError) {
    let result = cls_punch_hole(descriptor, range.start, range.length)
    guard result != 0 else { return }
    var error = writeError("punch a hole into", "fallocate", -result, at: range.start)
    if result == -EOPNOTSUPP {
      error.message = "its filesystem cannot make holes"
    } else if result == -ENOSPC {
      error.message = "the filesystem has no room left for one more extent block"
      error.hint = "Free a few hundred KiB on it first; what was punched until now stays."
    }
    throw error
  }

  /// fsync(2).
  public func synchronize() throws(StorageError) {
    while fsync(descriptor) != 0 {
      guard errno == EINTR else {
        throw writeError("write back", "fsync", errno)
      }
    }
  }

  /// syncfs(2): the filesystem counts what was freed only once that is written.
  public func synchronizeFilesystem() throws(StorageError) {
    let result = cls_sync_filesystem(descriptor)
    guard result == 0 else {
      throw writeError("write back the filesystem of", "syncfs", -result)
    }
  }

  /// The table's errors are those of reading.
  private func writeError(_ operation: String, _ call: String, _ code: Int32, at offset: UInt64? = nil) -> StorageError
  {
    var error = SystemCallTable.error(operation: operation, path: path, call: call, errno: code, at: offset)
    let place = offset.map { " at byte \($0)" } ?? ""
    switch code {
    case EIO, EUCLEAN, EBADMSG: error.message = "the device or the filesystem reports an error" + place
    case EROFS:
      error.message = "its filesystem is read-only now, as the kernel makes it after errors"
      error.hint = "Look in the kernel log (dmesg), and check the filesystem before anything is written to it."
    case EDQUOT:
      error.message = "the quota is used up, and a hole may need one more extent block"
      error.hint = "Raise the quota of the file's owner; what was punched until now stays."
    default: break
    }
    return error
  }

  /// Drops clean pages of a range from the page cache, so that the next read asks the disk.
  public func dropCache(_ range: ByteRange) {
    posix_fadvise(descriptor, off_t(clamping: range.start), off_t(clamping: range.length), POSIX_FADV_DONTNEED)
  }
}
