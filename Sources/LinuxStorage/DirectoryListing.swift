import CLinuxStorage
import Glibc
import SpaceModel

/// The entries of a directory, in byte order.
public enum DirectoryListing {
  public struct Entry: Sendable {
    public var name: FilePath
    public var status: FileStatus
  }

  /// Names alone; `nil` where the directory cannot be read.
  public static func names(_ path: FilePath) -> [FilePath]? {
    guard let directory = withCPath(path, { opendir($0) }) else { return nil }
    defer { closedir(directory) }
    return (try? read(directory, path))?.sorted()
  }

  /// The names in an open directory.
  ///
  /// - Throws: ``StorageError`` where not all can be read.
  public static func names(in directory: ReadOnlyFile) throws(StorageError) -> [FilePath] {
    let stream = try open(directory)
    defer { closedir(stream) }
    return try read(stream, directory.path).sorted()
  }

  /// Every entry with its status; symbolic links are not followed. An entry that vanishes meanwhile is left out.
  ///
  /// - Parameters:
  ///   - skipping: Entries that are not asked for their status, such as mountpoints of filesystems that might not answer.
  ///   - onFailure: Called for each entry that is there and cannot be asked.
  /// - Throws: ``StorageError`` where not all names can be read.
  public static func entries(
    of directory: ReadOnlyFile, skipping: (FilePath) -> Bool = { _ in false },
    onFailure: (StorageError) -> Void = { _ in }
  ) throws(StorageError) -> [Entry] {
    let stream = try open(directory)
    defer { closedir(stream) }
    var entries: [Entry] = []
    for name in try read(stream, directory.path) where !skipping(name) {
      var raw = stat()
      if withCPath(name, { fstatat(directory.descriptor, $0, &raw, AT_SYMLINK_NOFOLLOW) }) == 0 {
        entries.append(Entry(name: name, status: FileStatus(raw)))
      } else if errno != ENOENT {
        onFailure(
          SystemCallTable.error(
            operation: "read the status of", path: directory.path.appending(name), call: "fstatat", errno: errno))
      }
    }
    return entries.sorted { $0.name < $1.name }
  }

  private static func open(_ directory: ReadOnlyFile) throws(StorageError) -> OpaquePointer {
    // fdopendir takes the descriptor over, and reading moves its offset: give it one of its own, opened anew by the
    // same O_NOATIME rules.
    let own = try directory.openEntry(".", directory: true)
    let copy = dup(own.descriptor)
    guard copy >= 0, let stream = fdopendir(copy) else {
      let code = errno
      if copy >= 0 { _ = close(copy) }
      throw SystemCallTable.error(operation: "list", path: directory.path, call: "fdopendir", errno: code)
    }
    return stream
  }

  private static func read(_ stream: OpaquePointer, _ path: FilePath) throws(StorageError) -> [FilePath] {
    var names: [FilePath] = []
    while true {
      // readdir(3) answers NULL for the end and for an error, and leaves errno alone at the end.
      errno = 0
      guard let entry = readdir(stream) else {
        let code = errno
        guard code == 0 else {
          throw SystemCallTable.error(operation: "list", path: path, call: "readdir", errno: code)
        }
        return names
      }
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
      let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: UInt8.self)
      let name = FilePath(
        bytes: UnsafeBufferPointer(start: start, count: strlen(UnsafePointer<CChar>(OpaquePointer(start)))))
      if name != ".", name != ".." { names.append(name) }
    }
  }
}
