import CLinuxStorage
import Glibc
import SpaceModel

/// A file that is being made in a directory and gets its name when it is whole.
///
/// Until then it has no name at all (O_TMPFILE), so that nothing of it stays when the process is killed; where the
/// filesystem cannot do that, a temporary one (``TemporaryName``). Without ``publish(as:replacing:)`` it is gone when this
/// goes away.
public final class NewFile {
  /// Where it will be, for error texts.
  public let path: FilePath
  public let descriptor: Int32
  private let directory: ReadOnlyFile
  /// The temporary name it has now.
  private var temporary: FilePath?

  private init(path: FilePath, descriptor: Int32, directory: ReadOnlyFile, temporary: FilePath?) {
    self.path = path
    self.descriptor = descriptor
    self.directory = directory
    self.temporary = temporary
  }

  deinit {
    if let temporary { _ = withCPath(temporary) { cls_unlink(directory.descriptor, $0) } }
    _ = close(descriptor)
  }

  /// An empty file that only its owner may read and write.
  ///
  /// - Parameter unnamed: For tests: whether a file without a name is tried.
  /// - Throws: ``StorageError``.
  public static func create(
    in directory: ReadOnlyFile, for name: FilePath, unnamed: Bool = true
  ) throws(StorageError) -> NewFile {
    let path = directory.path.appending(name)
    if unnamed {
      let descriptor = cls_open_unnamed(directory.descriptor)
      if descriptor >= 0 { return NewFile(path: path, descriptor: descriptor, directory: directory, temporary: nil) }
      // EISDIR and ENOENT: kernels that do not know the flag take it for a request to open the directory.
      guard [EOPNOTSUPP, EISDIR, ENOENT, EINVAL].contains(-descriptor) else {
        throw WriteFailure.error(path, "openat", -descriptor)
      }
    }
    for _ in 0..<16 {
      let temporary = TemporaryName.new(for: name)
      let descriptor = withCPath(temporary) { cls_create_new(directory.descriptor, $0) }
      if descriptor >= 0 {
        // Says that somebody is at work here: a rerun removes what is not locked.
        _ = cls_lock(descriptor)
        return NewFile(path: path, descriptor: descriptor, directory: directory, temporary: temporary)
      }
      guard descriptor == -EEXIST else { throw WriteFailure.error(path, "openat", -descriptor) }
    }
    throw WriteFailure.error(path, "openat", EEXIST)
  }

  /// The path that leads to it while it has no name.
  public var descriptorPath: FilePath { FilePath("/proc/self/fd/\(descriptor)") }

  /// fstat(2).
  public func status() throws(StorageError) -> FileStatus {
    var raw = stat()
    guard fstat(descriptor, &raw) == 0 else { throw WriteFailure.error(path, "fstat", errno) }
    return FileStatus(raw)
  }

  /// ftruncate(2): what is not written is a hole.
  public func setSize(_ bytes: UInt64) throws(StorageError) {
    while ftruncate(descriptor, off_t(clamping: bytes)) != 0 {
      guard errno == EINTR else { throw WriteFailure.error(path, "ftruncate", errno) }
    }
  }

  /// What its content is written through, by several threads at once. Good for as long as this file is there.
  public var writer: SharedFileWriter { SharedFileWriter(path: path, descriptor: descriptor) }

  /// Has the filesystem share all of `source`'s blocks (FICLONE).
  ///
  /// - Returns: Whether it could; the file is still empty where not.
  /// - Throws: ``StorageError`` where it can and failed: no space, a read error.
  public func clone(_ source: ReadOnlyFile) throws(StorageError) -> Bool {
    let result = cls_clone(descriptor, source.descriptor)
    if result == 0 { return true }
    // EXDEV: another filesystem. EINVAL: btrfs does not share between files with and without checksums.
    if [EOPNOTSUPP, ENOTTY, EXDEV, EINVAL, ENOSYS, EPERM, ETXTBSY].contains(-result) { return false }
    throw WriteFailure.error(path, "ioctl(FICLONE)", -result)
  }

  /// fsync(2), and what close(2) would say: writes that failed in the background are reported by the one, and by network
  /// and FUSE filesystems by the other.
  public func sync() throws(StorageError) {
    while fsync(descriptor) != 0 {
      guard errno == EINTR else { throw WriteFailure.error(path, "fsync", errno) }
    }
    // Each descriptor's close asks the filesystem, and ours must stay: a file without a name ends with it.
    let another = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard another >= 0 else { throw WriteFailure.error(path, "fcntl", errno) }
    // Linux has closed it also where a signal came.
    guard close(another) == 0 || errno == EINTR else { throw WriteFailure.error(path, "close", errno) }
  }

  /// Takes its clean pages out of the page cache, so that what is read comes from the disk.
  public func dropCache() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }

  /// Gives it its name, and makes that lasting (fsync of the directory).
  ///
  /// - Parameter replacing: Whether a file of that name is replaced, in one step. Otherwise one that has appeared
  ///   meanwhile is an error.
  /// - Throws: ``StorageError``; the name then leads to what it led to before, except where making it lasting failed.
  public func publish(as name: FilePath, replacing: Bool) throws(StorageError) {
    if replacing {
      try rename(to: name, replacing: true)
    } else if temporary == nil {
      try link(as: name)
    } else {
      try rename(to: name, replacing: false)
    }
    guard fsync(directory.descriptor) == 0 || errno == EINVAL else {
      throw WriteFailure.error(directory.path, "fsync", errno)
    }
  }

  private func link(as name: FilePath) throws(StorageError) {
    let result = withCPath(name) { cls_link_open_file(descriptor, directory.descriptor, $0) }
    if result == -EEXIST { throw appeared }
    guard result == 0 else { throw WriteFailure.error(path, "linkat", -result) }
  }

  private func rename(to name: FilePath, replacing: Bool) throws(StorageError) {
    let from: FilePath
    if let temporary {
      from = temporary
    } else {
      // rename(2) is the only call that replaces a file in one step, and it needs a name.
      from = TemporaryName.new(for: name)
      _ = cls_lock(descriptor)
      try link(as: from)
      temporary = from
    }
    func rename(_ keepExisting: Bool) -> Int32 {
      withCPath(from) { from in
        withCPath(name) { cls_rename(directory.descriptor, from, $0, keepExisting ? 1 : 0) }
      }
    }
    var result = rename(!replacing)
    if !replacing, result == -EINVAL {
      // A filesystem that does not know RENAME_NOREPLACE.
      result = try directory.status(ofEntry: name) == nil ? rename(false) : -EEXIST
    }
    if result == -EEXIST { throw appeared }
    guard result == 0 else { throw WriteFailure.error(path, "renameat2", -result) }
    temporary = nil
  }

  private var appeared: StorageError {
    StorageError(
      .changed, operation: "write", path: path, message: "a file of that name appeared meanwhile",
      hint: "Look who made it, and copy again.")
  }
}
