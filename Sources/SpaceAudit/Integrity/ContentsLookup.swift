import FilesystemReader
import SpaceModel

/// Finds entries of a tree by their paths, no symbolic link followed; each directory is listed once where they are asked for
/// in the order of their paths.
final class ContentsLookup {
  private let tree: any TreeContents
  /// Directories on the way to the path that was asked for last, from the root on.
  private var listed: [(path: FilePath, entries: [FilePath: TreeRecord])] = []

  init(_ tree: any TreeContents) { self.tree = tree }

  /// - Parameter path: Absolute.
  /// - Returns: `nil` where there is no such path.
  func record(_ path: FilePath) throws(StorageError) -> TreeRecord? {
    let names = path.components
    // A path in the image is never longer; what asks for it may be hostile.
    guard let name = names.last, names.count <= 4096 else { return nil }
    var directory: FilePath = "/"
    var node = try tree.top().node
    for (depth, name) in names.dropLast().enumerated() {
      guard let entry = try entries(node, at: directory, depth)[name], entry.kind == .directory else { return nil }
      node = entry.node
      directory = directory.appending(name)
    }
    return try entries(node, at: directory, names.count - 1)[name]
  }

  private func entries(_ node: UInt64, at path: FilePath, _ depth: Int) throws(StorageError) -> [FilePath: TreeRecord] {
    if depth < listed.count, listed[depth].path == path { return listed[depth].entries }
    listed.removeLast(max(0, listed.count - depth))
    let entries = try tree.entries(node, at: path, withAttributes: false)
    let named = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }
    if listed.count == depth { listed.append((path, named)) }
    return named
  }
}
