import FilesystemReader
import LinuxStorage
import SpaceModel

/// An upgrade's payload, read once from its inodes: what it is, and its directories handed to whoever counts them.
public struct PayloadMeasurement: Sendable {
  public var source: Payload.Source
  public var system: Payload.System
  /// Absolute paths that were left out.
  public var excludes: [FilePath]

  /// With what was counted during the walk.
  public func payload(census: TreeCensus) -> Payload {
    Payload(source: source, system: system, excludes: excludes, census: census)
  }

  /// Walks a payload.
  ///
  /// - Parameters:
  ///   - incoming: What was found at `path`.
  ///   - path: As it was given.
  ///   - excluding: Absolute paths that the upgrade's copy leaves out; of a live root also what is mounted on it.
  ///   - openDirectory: The tree of a root directory.
  ///   - visit: Called once for each directory, parents first.
  /// - Throws: ``StorageError``: `.wrongType` for a payload card and for a tree that is no system's root; whatever reading
  ///   it meets, because a tree that is known in part is not known.
  public static func measure(
    _ incoming: IncomingPayload, path: FilePath, excluding: [FilePath],
    openDirectory: (FilePath) throws(StorageError) -> any RootTree,
    _ visit: (RootTreeDirectory) throws(StorageError) -> Void
  ) throws(StorageError) -> PayloadMeasurement {
    switch incoming {
    case .directory(let root):
      return try measure(try openDirectory(root), .directory, path: path, excluding, nil, visit)
    case .squashfs(let tree):
      return try measure(tree, .squashfs, path: path, excluding, nil, visit)
    case .filesystemImage(let tree):
      return try measure(tree, .filesystemImage, path: path, excluding, nil, visit)
    case .iso(let iso, let filesystem):
      let release = try iso.smallFile("harvester-release.yaml", limit: 64 << 10)
      let tree: any RootTree =
        switch filesystem {
        case .squashfs(let tree): tree
        case .ext(let tree): tree
        }
      return try measure(tree, .iso, path: path, excluding, release, visit)
    case .card:
      throw StorageError(
        .wrongType, operation: "measure", path: path, message: "it is a payload card, which has been measured already")
    }
  }

  private static func measure(
    _ tree: any RootTree, _ kind: Payload.Source.Kind, path: FilePath, _ excluding: [FilePath],
    _ topOfISO: [UInt8]?, _ visit: (RootTreeDirectory) throws(StorageError) -> Void
  ) throws(StorageError) -> PayloadMeasurement {
    // First, so that a tree that is none is refused before it is walked.
    let system = try Payload.System(of: tree, topOfISO: topOfISO)
    var digest = TreeDigest()
    try tree.walk(excluding: excluding) { directory throws(StorageError) in
      if directory.path == "/" {
        try IncomingPayload.checkIsRoot(directory, path: path)
      }
      digest.add(directory)
      try visit(directory)
    }
    let file = (tree as? SquashfsRootTree)?.size ?? (kind == .filesystemImage ? FileStatus.of(path)?.size : nil)
    return PayloadMeasurement(
      source: Payload.Source(
        kind: kind, path: path, treeDigest: digest.finish(), fileBytes: file.map(ByteCount.init(clamping:))),
      system: system, excludes: excluding)
  }
}
