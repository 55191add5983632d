import SpaceModel

/// The paths of a tree that a walk leaves out.
struct ExcludedPaths {
  private let paths: Set<FilePath>

  init(_ excludes: [FilePath]) { paths = Set(excludes.map(Self.absolute)) }

  /// - Parameter path: Absolute, without empty components.
  func contains(_ path: FilePath) -> Bool { paths.contains(path) }

  private static func absolute(_ path: FilePath) -> FilePath {
    path.components.reduce("/") { $0.appending($1) }
  }
}

/// Bounds that every walk of an unmounted tree keeps, however the tree was made.
enum WalkLimit {
  /// Names in all. The largest system trees have some hundred thousand.
  static let names = 4_000_000
  /// Bytes of a directory's path; the kernel itself reaches 4096 (PATH_MAX) in one call.
  static let path = 32 << 10
}

/// Follows a path within a tree, as the tree's own root would see it.
enum PathResolution {
  enum Step<Node> {
    case directory(Node)
    case link(FilePath)
    case other(Node)
  }

  /// - Parameters:
  ///   - step: The entry of that name in a directory; `nil` where there is none.
  /// - Returns: `nil` where there is no such path, or links go in circles.
  static func resolve<Node>(
    _ path: FilePath, root: Node, _ step: (Node, FilePath) throws(StorageError) -> Step<Node>?
  ) throws(StorageError) -> Node? {
    // `ancestors` ends with the directory that the next component is looked up in.
    var ancestors = [root]
    var pending = Array(path.components.reversed())
    var found: Node? = root
    // MAXSYMLINKS of path_resolution(7).
    var linksLeft = 40
    while let name = pending.popLast() {
      if name == ".." {
        if ancestors.count > 1 { ancestors.removeLast() }
        found = ancestors.last
        continue
      }
      guard let directory = ancestors.last, let next = try step(directory, name) else { return nil }
      switch next {
      case .directory(let node):
        ancestors.append(node)
        found = node
      case .other(let node):
        return pending.isEmpty ? node : nil
      case .link(let target):
        linksLeft -= 1
        guard linksLeft > 0, !target.bytes.isEmpty else { return nil }
        if target.hasPrefix("/") { ancestors = [root] }
        found = ancestors.last
        pending += target.components.reversed()
      }
    }
    return found
  }
}
