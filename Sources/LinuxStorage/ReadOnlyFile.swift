import CLinuxStorage
import Glibc
import SpaceModel

/// One file or device, open for reading; every question about it goes through this one descriptor.
///
/// Opened `O_RDONLY | O_CLOEXEC | O_NONBLOCK`, and with `O_NOATIME` where the kernel allows that, so looking at a file
/// does not change its access time.
public final class ReadOnlyFile: Sendable {
  public let path: FilePath
  public let descriptor: Int32

  private init(path: FilePath, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { _ = close(descriptor) }

  /// What a path must lead to.
  public enum Expected: Sendable {
    case regularFile, regularFileOrBlockDevice, blockDevice, directory
  }

  /// Opens `path`; `shown` is the path errors name, where that is another (a sysroot's).
  ///
  /// - Throws: ``StorageError``: `.notFound`, `.permissionDenied`, or `.wrongType` where it is not what was expected.
  public static func open(
    _ path: FilePath, expecting expected: Expected, shown: FilePath? = nil, operation: String = "open"
  ) throws(StorageError) -> ReadOnlyFile {
    let name = shown ?? path
    let extra: Int32 = expected == .directory ? Int32(O_DIRECTORY) : 0
    let descriptor = withCPath(path) { cls_open_read(AT_FDCWD, $0, extra) }
    guard descriptor >= 0 else {
      throw SystemCallTable.error(operation: operation, path: name, call: "openat", errno: -descriptor)
    }
    let file = ReadOnlyFile(path: name, descriptor: descriptor)
    let status = try file.status()
    try status.kind.check(is: expected, path: name, operation: operation)
    return file
  }

  /// Opens an entry of an open directory; a symbolic link is not followed.
  public func openEntry(_ name: FilePath, directory: Bool) throws(StorageError) -> ReadOnlyFile {
    let extra = Int32(O_NOFOLLOW) | (directory ? Int32(O_DIRECTORY) : 0)
    let entry = withCPath(name) { cls_open_read(self.descriptor, $0, extra) }
    let shown = path.appending(name)
    guard entry >= 0 else {
      throw SystemCallTable.error(operation: "open", path: shown, call: "openat", errno: -entry)
    }
    return ReadOnlyFile(path: shown, descriptor: entry)
  }

  /// fstatat(2) of an entry of an open directory, symbolic links not followed; `nil` where there is none.
  public func status(ofEntry name: FilePath) throws(StorageError) -> FileStatus? {
    var raw = stat()
    if withCPath(name, { fstatat(descriptor, $0, &raw, AT_SYMLINK_NOFOLLOW) }) == 0 { return FileStatus(raw) }
    let code = errno
    if code == ENOENT || code == ENOTDIR { return nil }
    throw SystemCallTable.error(
      operation: "read the status of", path: path.appending(name), call: "fstatat", errno: code)
  }

  /// What a symbolic link in an open directory holds; `nil` where there is none.
  ///
  /// - Throws: ``StorageError`` where it cannot be read.
  public func linkTarget(ofEntry name: FilePath) throws(StorageError) -> FilePath? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = withCPath(name) { readlinkat(descriptor, $0, &buffer, buffer.count) }
    let code = errno
    if length >= 0 { return FilePath(bytes: buffer[..<length].map { UInt8(bitPattern: $0) }) }
    // EINVAL: it is something else.
    if code == ENOENT || code == ENOTDIR || code == EINVAL { return nil }
    throw SystemCallTable.error(
      operation: "read the symbolic link", path: path.appending(name), call: "readlinkat", errno: code)
  }

  /// fstat(2), and for a block device its size, which `st_size` does not hold.
  public func status() throws(StorageError) -> FileStatus {
    var raw = stat()
    guard fstat(descriptor, &raw) == 0 else {
      throw SystemCallTable.error(operation: "read the status of", path: path, call: "fstat", errno: errno)
    }
    var status = FileStatus(raw)
    if status.kind == .blockDevice {
      var bytes: UInt64 = 0
      let result = cls_block_device_size(descriptor, &bytes)
      guard result == 0 else {
        throw SystemCallTable.error(
          operation: "read the size of", path: path, call: "ioctl(BLKGETSIZE64)", errno: -result)
      }
      status.size = bytes
    }
    return status
  }

  /// The path without symbolic links, as the kernel knows it; `nil` where /proc is not there.
  public var resolvedPath: FilePath? { SmallFile.linkTarget(FilePath("/proc/self/fd/\(descriptor)")) }

  /// pread(2), repeated until `buffer` is full or the file ends.
  ///
  /// - Returns: The number of bytes read; less than asked for only at the end of the file.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try PositionedRead.fill(buffer, from: descriptor, at: offset, path: path)
  }

  /// Begins to read these parts into the page cache (POSIX_FADV_WILLNEED), many at a time.
  func willRead(_ ranges: [ByteRange]) {
    for range in ranges {
      guard let start = off_t(exactly: range.start), let length = off_t(exactly: range.length) else { continue }
      posix_fadvise(descriptor, start, length, POSIX_FADV_WILLNEED)
    }
  }
}

/// Calls `body` with the path as a NUL-terminated C string.
func withCPath<Result>(_ path: FilePath, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
  var bytes = path.bytes.map { CChar(bitPattern: $0) }
  bytes.append(0)
  return bytes.withUnsafeBufferPointer { buffer in
    // The terminator makes the buffer non-empty, so it has an address.
    guard let base = buffer.baseAddress else { preconditionFailure("an empty C string") }
    return body(base)
  }
}
