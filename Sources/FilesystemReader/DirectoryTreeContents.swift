import LinuxStorage
import SpaceModel

/// A directory tree as it lies there, with its contents.
///
/// Each directory is opened from the root down, one name at a time, and no symbolic link is followed: nothing that is
/// swapped meanwhile leads out.
public final class DirectoryTreeContents: TreeContents {
  private let root: ReadOnlyFile
  /// The directory that was opened last: the files of one directory are asked for one after another.
  private var last: (path: FilePath, directory: ReadOnlyFile)?
  public var path: FilePath { root.path }
  public var keepsACLs: Bool { true }

  /// - Throws: ``StorageError`` where there is no such directory or it cannot be opened.
  public init(_ path: FilePath) throws(StorageError) {
    root = try ReadOnlyFile.open(path, expecting: .directory)
  }

  public func top() throws(StorageError) -> TreeRecord {
    Self.record("", try root.status())
  }

  public func entries(
    _ node: UInt64, at path: FilePath, withAttributes: Bool
  ) throws(StorageError) -> [TreeRecord] {
    let directory = try open(directory: path)
    var failure: StorageError?
    let listed = try DirectoryListing.entries(of: directory, onFailure: { failure = failure ?? $0 })
    if let failure { throw failure }
    var records: [TreeRecord] = []
    records.reserveCapacity(listed.count)
    for entry in listed {
      var record = Self.record(entry.name, entry.status)
      if record.kind == .symbolicLink { record.linkTarget = try directory.linkTarget(ofEntry: entry.name) }
      if withAttributes { record.attributes = try AttributeList.attributes(of: entry.name, in: directory) }
      records.append(record)
    }
    return records
  }

  public func open(_ node: UInt64, at path: FilePath) throws(StorageError) -> any TreeFileContents {
    let name = path.lastComponent
    let parent = FilePath(bytes: path.bytes.dropLast(name.bytes.count))
    let file = try open(directory: parent).openEntry(name, directory: false)
    // A FIFO that took a file's place would be read for ever.
    guard try file.status().kind == .regular else {
      throw StorageError(.changed, operation: "read", path: file.path, message: "it is no regular file any more")
    }
    return try DirectoryFileContents(file)
  }

  private func open(directory path: FilePath) throws(StorageError) -> ReadOnlyFile {
    if let last, last.path == path { return last.directory }
    var directory = root
    for name in path.components { directory = try directory.openEntry(name, directory: true) }
    last = (path, directory)
    return directory
  }

  private static func record(_ name: FilePath, _ status: FileStatus) -> TreeRecord {
    var record = TreeRecord(name: name, node: status.inode, kind: RootTreeEntry.Kind(status.kind))
    record.mode = status.mode
    record.owner = status.owner
    record.group = status.group
    record.modified = status.modified.seconds
    record.modifiedNanoseconds = UInt32(clamping: status.modified.nanoseconds)
    if record.kind == .file || record.kind == .symbolicLink { record.size = status.size }
    let type = status.mode & 0xF000
    if type == 0x2000 || type == 0x6000 { record.device = DeviceNumber(status.specialDevice) }
    return record
  }
}

/// A file of a directory tree.
private final class DirectoryFileContents: TreeFileContents {
  private let file: ReadOnlyFile
  let size: UInt64

  init(_ file: ReadOnlyFile) throws(StorageError) {
    self.file = file
    size = try file.status().size
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try file.read(into: buffer, at: offset)
  }
}
