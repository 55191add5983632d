import LinuxStorage
import SpaceModel

/// The way from a tree's root down to the directory that is read, and what is still to be read beside it.
///
/// Of the directories on the way, the last ones stay open, and the root; the others are found again by their names.
struct DirectoryDescent {
  private struct Level {
    /// `nil` where it was closed to save descriptors.
    var directory: ReadOnlyFile?
    var device: UInt64
    var inode: UInt64
    /// In reverse order.
    var children: [FilePath]
  }

  /// Far below the 1024 descriptors a process may have open.
  static let keptOpen = 96

  private var levels: [Level] = []
  /// The names that lead to the directory that is read; empty at the root.
  private(set) var names: [FilePath] = []

  /// The same as bytes, a slash before each name: kept, because joining a deep tree's names each time is slow.
  private var joined: [UInt8] = []

  /// Seen from the root.
  var path: FilePath { joined.isEmpty ? "/" : FilePath(bytes: joined) }

  private mutating func leave(to level: Int) {
    while names.count > level, let name = names.popLast() { joined.removeLast(name.bytes.count + 1) }
  }

  private mutating func append(_ name: FilePath) {
    names.append(name)
    joined.append(UInt8(ascii: "/"))
    joined.append(contentsOf: name.bytes)
  }

  /// The filesystem of the directory above the one that is read; `nil` at the root.
  var deviceAbove: UInt64? { levels.last?.device }

  /// Goes below the directory that was read.
  mutating func enter(_ directory: ReadOnlyFile, _ status: FileStatus, children: [FilePath]) {
    levels.append(
      Level(directory: directory, device: status.device, inode: status.inode, children: children.reversed()))
    let far = levels.count - 1 - Self.keptOpen
    if far > 0 { levels[far].directory = nil }
  }

  /// Opens the next directory; `nil` when all were read. Those that vanished meanwhile are passed over.
  mutating func next() throws(StorageError) -> ReadOnlyFile? {
    while let last = levels.indices.last {
      leave(to: last)
      guard let child = levels[last].children.popLast() else {
        levels.removeLast()
        continue
      }
      append(child)
      do throws(StorageError) {
        return try reopened(last).openEntry(child, directory: true)
      } catch  where error.code == .notFound {
        continue
      }
    }
    return nil
  }

  /// A level's directory, opened again with those above it as far as that is needed.
  private mutating func reopened(_ level: Int) throws(StorageError) -> ReadOnlyFile {
    if let directory = levels[level].directory { return directory }
    guard let nearest = levels[..<level].lastIndex(where: { $0.directory != nil }),
      var directory = levels[nearest].directory
    else { throw moved() }
    for index in (nearest + 1)...level {
      directory = try directory.openEntry(names[index - 1], directory: true)
      let status = try directory.status()
      guard status.inode == levels[index].inode, status.device == levels[index].device else { throw moved() }
      if index > level - Self.keptOpen { levels[index].directory = directory }
    }
    return directory
  }

  private func moved() -> StorageError {
    StorageError(
      .changed, operation: "read the tree of", path: path, message: "a directory above it was moved meanwhile",
      hint: "Try again when nothing writes to it.")
  }
}
