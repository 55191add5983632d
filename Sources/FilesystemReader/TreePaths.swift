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
  /// Names in one directory.
  static let namesOfDirectory = 1_000_000
  /// Bytes of a directory's path; the kernel itself reaches 4096 (PATH_MAX) in one call.
  static let path = 32 << 10
  /// Bytes of all paths that are kept at a time: a few deep directories can hold millions of names.
  static let paths = 256 << 20
}

/// What a walk has left of its ``WalkLimit``.
struct WalkAllowance {
  private var names = WalkLimit.names
  private var pathBytes = WalkLimit.paths

  /// - Returns: What is wrong with a directory of so many names; `nil` where it may be walked.
  mutating func excess(ofNames count: Int) -> String? {
    names -= count
    return names < 0 ? "it holds more than \(WalkLimit.names) names" : nil
  }

  /// - Returns: What is wrong with keeping another path; `nil` where it may be kept.
  mutating func excess(ofPath path: FilePath) -> String? {
    pathBytes -= path.bytes.count
    return path.bytes.count > WalkLimit.path || pathBytes < 0 ? "its paths are too long" : nil
  }

  /// A path that was kept is kept no more.
  mutating func giveBack(_ path: FilePath) { pathBytes += path.bytes.count }
}

/// Follows a path within a tree, as the tree's own root would see it.
enum PathResolution {
  enum Step<Node> {
    case directory(Node)
    case link(FilePath)
    case other(Node)
  }

  /// MAXSYMLINKS of path_resolution(7).
  static let mostLinks = 40
  /// Names that are looked up in all, those that links add among them: each may cost the listing of a directory.
  static let mostNames = 512

  /// - Parameters:
  ///   - step: The entry of that name in a directory; `nil` where there is none.
  /// - Returns: `nil` where there is no such path, links go in circles, or the way is longer than any that is meant.
  static func resolve<Node>(
    _ path: FilePath, root: Node, _ step: (Node, FilePath) throws(StorageError) -> Step<Node>?
  ) throws(StorageError) -> Node? {
    // `ancestors` ends with the directory that the next component is looked up in.
    var ancestors = [root]
    var pending = Array(path.components.reversed())
    var found: Node? = root
    var linksLeft = mostLinks
    var namesLeft = mostNames
    while let name = pending.popLast() {
      guard namesLeft > 0 else { return nil }
      namesLeft -= 1
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
        guard linksLeft > 0, !target.bytes.isEmpty else { return nil }
        linksLeft -= 1
        if target.hasPrefix("/") { ancestors = [root] }
        found = ancestors.last
        pending += target.components.reversed()
      }
    }
    return found
  }
}
