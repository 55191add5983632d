import LinuxStorage
import SpaceModel

/// Where a tree's contents are opened from, as often as there are threads that read them.
public enum ContentsOrigin: Sendable {
  case directory(FilePath)
  case squashfs(any ByteSource)
  /// An unmounted ext2, ext3 or ext4 filesystem.
  case ext(any ByteSource)

  /// What a path given as a payload leads to, decided by content; an ISO's root filesystem is taken.
  ///
  /// - Throws: ``StorageError`` as ``IncomingPayload/open(_:)`` does; `.wrongType` for a payload card, which holds sizes
  ///   and no contents.
  public static func payload(_ path: FilePath) throws(StorageError) -> ContentsOrigin {
    switch try IncomingPayload.open(path) {
    case .directory(let directory): return .directory(directory)
    case .squashfs(let tree), .iso(_, .squashfs(let tree)): return .squashfs(tree.source)
    case .filesystemImage(let tree), .iso(_, .ext(let tree)): return .ext(tree.filesystem.source)
    case .card:
      throw StorageError(
        .wrongType, operation: "compare with", path: path, message: "it is a payload card, which holds no contents",
        hint: "Give the payload itself: a directory, squashfs, ISO or image.")
    }
  }

  /// - Throws: ``StorageError`` where it cannot be opened or its main structures contradict themselves.
  public func open() throws(StorageError) -> any TreeContents {
    switch self {
    case .directory(let path): try DirectoryTreeContents(path)
    case .squashfs(let source): try SquashfsTreeContents(source)
    case .ext(let source): try ExtTreeContents(try ExtFilesystem(ContentsWindows(source)))
    }
  }
}
