import LinuxStorage
import SpaceModel

/// What a path given as an upgrade's payload leads to, decided by content and never by name.
public enum IncomingPayload {
  /// The root directory of a system.
  case directory(FilePath)
  case squashfs(SquashfsRootTree)
  /// An ISO 9660 image and the root filesystem in it.
  case iso(ISOImage, RootFilesystem)
  case filesystemImage(ExtRootTree)
  /// A payload card: a payload that was measured before. Reading it is the caller's.
  case card(FilePath)

  /// The root filesystem inside an ISO.
  public enum RootFilesystem {
    case squashfs(SquashfsRootTree)
    case ext(ExtRootTree)
  }

  static let operation = "take as a payload"

  /// Opens what is at `path`: for reading only, and nothing of it is unpacked.
  ///
  /// - Throws: ``StorageError`` with a hint how to get at the tree where it is an archive, a container image or a
  ///   reference to one, a disk image, or a directory that is no root; `.notFound` where there is nothing.
  public static func open(_ path: FilePath) throws(StorageError) -> IncomingPayload {
    guard let status = FileStatus.of(path) else {
      if let failure = ForeignPayload.reference(path) { throw failure }
      // Opening it says why it cannot be asked.
      _ = try ReadOnlyFile.open(path, expecting: .regularFileOrBlockDevice, operation: operation)
      throw StorageError(.notFound, operation: operation, path: path, message: "it is not there")
    }
    if status.kind == .directory {
      try checkDirectory(path)
      return .directory(path)
    }
    let file = try ReadOnlyFile.open(path, expecting: .regularFileOrBlockDevice, operation: operation)
    return try open(FileSource(file))
  }

  private static func open(_ source: any ByteSource) throws(StorageError) -> IncomingPayload {
    let head = try source.bytes(at: 0, count: 68 << 10)
    guard !head.isEmpty else {
      throw StorageError(.wrongType, operation: operation, path: source.path, message: "it is empty")
    }
    // An ISO that can be written to a USB stick is a partitioned disk as well.
    if ContentSignature.isISO(head) {
      let iso = try ISOImage(source)
      let slice = try iso.rootFilesystem()
      if try ContentSignature.type(of: slice) == "ext" {
        return .iso(iso, .ext(try whole(ExtFilesystem(slice), source.path)))
      }
      return .iso(iso, .squashfs(try SquashfsRootTree(slice)))
    }
    switch ContentSignature.type(ofHead: head) {
    case "squashfs": return .squashfs(try SquashfsRootTree(source))
    case "ext": return .filesystemImage(try whole(ExtFilesystem(source), source.path))
    case let type?: throw ForeignPayload.filesystem(type, source.path)
    case nil: break
    }
    if head.first(where: { !$0.isWhiteSpace }) == UInt8(ascii: "{") { return .card(source.path) }
    throw ForeignPayload.file(head, source.path)
  }

  /// What lies behind the end of the file cannot be copied from it.
  private static func whole(_ filesystem: ExtFilesystem, _ path: FilePath) throws(StorageError) -> ExtRootTree {
    guard !filesystem.isTruncated else {
      throw StorageError(
        .truncated, operation: operation, path: path, message: "the file ends before the filesystem in it does",
        hint: "Copy or download it again, all of it.")
    }
    return ExtRootTree(filesystem)
  }

  /// A system's root has `/etc` or `/usr`.
  static func isRoot(_ names: some Sequence<FilePath>) -> Bool { names.contains { $0 == "etc" || $0 == "usr" } }

  /// Whether a tree's root directory is that of a system.
  ///
  /// - Throws: ``StorageError`` `.wrongType`, or `.unsupported` for dracut's image inside a squashfs.
  public static func checkIsRoot(_ root: RootTreeDirectory, path: FilePath) throws(StorageError) {
    if let failure = ForeignPayload.tree(Set(root.entries.map(\.name)), path) { throw failure }
  }

  private static func checkDirectory(_ path: FilePath) throws(StorageError) {
    let directory = try ReadOnlyFile.open(path, expecting: .directory, operation: operation)
    if let failure = ForeignPayload.directory(Set(try DirectoryListing.names(in: directory)), path) { throw failure }
  }
}

extension UInt8 {
  fileprivate var isWhiteSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
