import LinuxStorage
import SpaceModel

/// The root directory of a system with all that is in it: what ``RootTree`` says, and whose, how old and with which bytes.
///
/// Asked one directory at a time, so that two trees can be gone through side by side. Not thread-safe: each thread opens
/// its own (``ContentsOrigin``).
public protocol TreeContents: AnyObject {
  /// What holds the tree, for error texts.
  var path: FilePath { get }

  /// Whether ACLs are among the extended attributes it keeps; a squashfs keeps none.
  var keepsACLs: Bool { get }

  /// The root directory itself; its name is empty.
  func top() throws(StorageError) -> TreeRecord

  /// The entries of a directory in byte order of their names, without `.` and `..`.
  ///
  /// - Parameters:
  ///   - node: The directory's ``TreeRecord/node``.
  ///   - path: Where it lies below the root, absolute.
  ///   - withAttributes: Extended attributes are read too, which takes longer.
  /// - Throws: ``StorageError`` where the directory cannot be read. An entry whose inode cannot be read is named all the
  ///   same, with ``TreeRecord/kind`` `nil`.
  func entries(_ node: UInt64, at path: FilePath, withAttributes: Bool) throws(StorageError) -> [TreeRecord]

  /// ``entries(_:at:withAttributes:)`` as far as the directory can be read, and why that is not all of it.
  ///
  /// - Throws: ``StorageError`` where the disk under the tree cannot be read.
  func readableEntries(
    _ node: UInt64, at path: FilePath, withAttributes: Bool
  ) throws(StorageError) -> (entries: [TreeRecord], problem: StorageError?)

  /// The bytes of a regular file.
  ///
  /// - Throws: ``StorageError`` where it is none, or where its blocks lie cannot be read.
  func open(_ node: UInt64, at path: FilePath) throws(StorageError) -> any TreeFileContents
}

extension TreeContents {
  public func readableEntries(
    _ node: UInt64, at path: FilePath, withAttributes: Bool
  ) throws(StorageError) -> (entries: [TreeRecord], problem: StorageError?) {
    do throws(StorageError) {
      return (try entries(node, at: path, withAttributes: withAttributes), nil)
    } catch {
      if error.code == .io, error.cause != nil { throw error }
      return ([], error)
    }
  }
}

/// The bytes of a regular file of a tree. Not thread-safe.
public protocol TreeFileContents: AnyObject {
  /// `st_size`.
  var size: UInt64 { get }

  /// Fills `buffer` from `offset` on; holes read as zeros.
  ///
  /// - Returns: The number of bytes read; less than asked for only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int
}

/// An entry of a tree.
public struct TreeRecord: Sendable, Hashable {
  /// The last component.
  public var name: FilePath
  /// What the tree finds it again by: an inode's number, or its place.
  public var node: UInt64
  /// `nil` where its inode cannot be read or is not in use: a name that leads nowhere.
  public var kind: RootTreeEntry.Kind?
  /// A file's bytes, holes included; the length of a link's target. 0 otherwise.
  public var size: UInt64 = 0
  /// `st_mode` with the type bits.
  public var mode: UInt32 = 0
  public var owner: UInt32 = 0
  public var group: UInt32 = 0
  /// `st_mtime`, seconds since 1970.
  public var modified: Int64 = 0
  /// The rest of it; `nil` where the form keeps whole seconds.
  public var modifiedNanoseconds: UInt32?
  /// `st_rdev` of a device node, as `major:minor`.
  public var device: DeviceNumber?
  /// Where a symbolic link leads; `nil` where it cannot be read.
  public var linkTarget: FilePath?
  /// Everything listxattr(2) names, where it was asked for.
  public var attributes: [ExtendedAttribute] = []
  /// Files read in this order are read as they lie on disk.
  public var place: UInt64 = 0

  public init(name: FilePath, node: UInt64, kind: RootTreeEntry.Kind?) {
    self.name = name
    self.node = node
    self.kind = kind
  }
}

extension TreeContents {
  /// The entry that a path leads to and where it lies, symbolic links followed within the tree; `nil` where there is none.
  public func lookUp(_ path: FilePath) throws(StorageError) -> (record: TreeRecord, path: FilePath)? {
    let root = try top()
    return try PathResolution.resolve(path, root: (record: root, path: FilePath("/"))) {
      (place, name) throws(StorageError) -> PathResolution.Step<(record: TreeRecord, path: FilePath)>? in
      let names = try self.entries(place.record.node, at: place.path, withAttributes: false)
      guard let record = names.first(where: { $0.name == name }) else { return nil }
      let below = (record: record, path: place.path.appending(name))
      switch record.kind {
      case .directory: return .directory(below)
      case .symbolicLink: return record.linkTarget.map { .link($0) }
      default: return .other(below)
      }
    }
  }

  /// The start of a regular file, symbolic links followed; `nil` where there is none.
  public func smallFile(_ path: FilePath, limit: Int) throws(StorageError) -> [UInt8]? {
    guard let found = try lookUp(path), found.record.kind == .file else { return nil }
    return try open(found.record.node, at: found.path).bytes(limit: limit)
  }
}

extension TreeFileContents {
  /// The first bytes, at most `limit`.
  func bytes(limit: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(min(size, UInt64(max(0, limit)))))
    let outcome = bytes.withUnsafeMutableBytes { buffer -> Result<Int, StorageError> in
      do throws(StorageError) { return .success(try read(into: buffer, at: 0)) } catch { return .failure(error) }
    }
    bytes.removeLast(bytes.count - (try outcome.get()))
    return bytes
  }
}
