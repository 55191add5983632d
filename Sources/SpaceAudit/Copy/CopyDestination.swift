import Glibc
import LinuxStorage
import SpaceModel

/// Where a copy goes, and whether it may.
struct CopyDestination {
  let directory: ReadOnlyFile
  /// Its name in there, symbolic links followed.
  let name: FilePath
  /// The regular file that is replaced; `nil` where there is none.
  let existing: FileStatus?

  /// - Throws: ``StorageError``: `.wrongType` for anything but a regular file, `.busy` where it is the source itself or
  ///   open for writing.
  init(_ path: FilePath, source: FileStatus) throws(StorageError) {
    let place: FilePath
    if let status = FileStatus.of(path) {
      guard status.kind == .regular else { throw Self.wrongType(path, status.kind) }
      guard status.device != source.device || status.inode != source.inode else {
        throw StorageError(
          .busy, operation: Self.operation, path: path, message: "it is the source itself", hint: "Name another file.")
      }
      try CopyUse.refuseWritten(path, status, operation: Self.operation)
      try Self.refuseUnchangeable(path)
      existing = status
      place = try Self.resolved(path)
    } else {
      guard SmallFile.linkTarget(path) == nil else {
        throw StorageError(
          .notFound, operation: Self.operation, path: path, message: "it is a symbolic link that leads nowhere",
          hint: "Name the file it should lead to.")
      }
      existing = nil
      place = path
    }
    name = place.lastComponent
    guard ![FilePath(""), ".", ".."].contains(name) else { throw Self.wrongType(path, .directory) }
    // NAME_MAX of Linux. The copy would be done when the kernel says so.
    guard name.bytes.count <= 255 else {
      throw StorageError(
        .notFound, operation: Self.operation, path: path,
        message: "its name has \(name.bytes.count) bytes, and no file's has more than 255",
        hint: "Choose a shorter one.")
    }
    let parent = FilePath(bytes: place.bytes.dropLast(name.bytes.count))
    directory = try ReadOnlyFile.open(
      parent.bytes.isEmpty ? "." : parent, expecting: .directory, operation: "write into")
  }

  private static let operation = "copy to"

  /// Renaming over it would fail, when all is copied.
  private static func refuseUnchangeable(_ path: FilePath) throws(StorageError) {
    guard let file = try? ReadOnlyFile.open(path, expecting: .regularFile), let flags = InodeFlags.of(file),
      flags.isImmutable || flags.isAppendOnly
    else { return }
    throw StorageError(
      .permissionDenied, operation: operation, path: path,
      message: "it is \(flags.isImmutable ? "immutable" : "append-only") (chattr)",
      hint: "lsattr shows it; chattr -i -a takes it away. Or name another file.")
  }

  private static func wrongType(_ path: FilePath, _ kind: FileStatus.Kind) -> StorageError {
    let found =
      switch kind {
      case .directory: "a directory"
      case .blockDevice: "a block device"
      case .regular, .symbolicLink, .other: "no regular file"
      }
    return StorageError(
      .wrongType, operation: operation, path: path, message: "it is \(found)",
      hint: kind == .directory ? "Name the file to make in it." : "Name a file.")
  }

  private static func resolved(_ path: FilePath) throws(StorageError) -> FilePath {
    let text = (path.bytes.map { CChar(bitPattern: $0) } + [0])
    guard let whole = realpath(text, nil) else {
      throw SystemCallTable.error(operation: operation, path: path, call: "realpath", errno: errno)
    }
    defer { free(whole) }
    return FilePath(bytes: UnsafeBufferPointer(start: whole, count: strlen(whole)).map { UInt8(bitPattern: $0) })
  }

  /// Asks again what was asked at the start: a copy takes long, and the file it replaces may have come into use.
  ///
  /// - Throws: ``StorageError``.
  func checkAgain() throws(StorageError) {
    guard let existing else { return }
    let path = directory.path.appending(name)
    guard let now = try directory.status(ofEntry: name), now.inode == existing.inode, now.device == existing.device,
      now.kind == .regular, now.size == existing.size, now.modified == existing.modified
    else {
      throw StorageError(
        .changed, operation: Self.operation, path: path, message: "another copy or program changed it meanwhile",
        hint: "Look who writes there, and copy again.")
    }
    try CopyUse.refuseWritten(path, now, operation: Self.operation)
  }
}
