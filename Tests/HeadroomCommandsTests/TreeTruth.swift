import Foundation
import SpaceModel
import TestSupport

/// What of a tree is not in an image, by the kernel's own reading: looked up name by name and compared byte by byte.
struct TreeTruth {
  /// A name of the tree that is not as it should be.
  enum State: Hashable {
    /// Its directory does not list it, or cannot be read.
    case unlisted
    /// It is listed, and its inode cannot be read.
    case unreadable
    /// Another kind, size, content or target.
    case differs
  }

  /// By absolute path. Files, links and directories.
  private(set) var wrong: [FilePath: State] = [:]
  private(set) var directories: Set<FilePath> = []
  /// Names of the tree.
  private(set) var names = 0
  let tree: String

  /// What is listed and is no directory: what a report can name.
  var nameable: Set<FilePath> {
    Set(wrong.filter { $0.value != .unlisted && !directories.contains($0.key) }.keys)
  }
  var unlisted: Int { wrong.values.count { $0 == .unlisted } }

  /// - Parameter state: The partition that holds `cOS/active.img`, in a file.
  static func read(of state: String, against tree: String) throws -> TreeTruth {
    var truth = TreeTruth(tree: tree)
    try LoopMount.with(image: state, type: "ext4", options: ["ro"], readOnly: true) { mountpoint, _ in
      let loop = try LoopDevice(image: "\(mountpoint)/cOS/active.img", readOnly: true)
      // Without its root directory or descriptors there is nothing to mount, and nothing in it.
      let inner = try? Mount(device: loop.path, type: "ext2", options: ["ro"])
      truth.compare("", with: inner?.mountpoint)
      try inner?.unmount()
      try loop.detach()
    }
    return truth
  }

  private init(tree: String) { self.tree = tree }

  private static func list(_ directory: String) -> Set<String> {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var found: Set<String> = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { found.insert(name) }
    }
    return found
  }

  private mutating func compare(_ directory: String, with image: String?) {
    let there = image.map { Self.list($0 + directory) } ?? []
    for name in Self.list(tree + directory).sorted() {
      let path = "\(directory)/\(name)"
      names += 1
      var expected = stat()
      guard lstat(tree + path, &expected) == 0 else { continue }
      let isDirectory = expected.st_mode & S_IFMT == S_IFDIR
      if isDirectory { directories.insert(FilePath(path)) }
      var found = stat()
      if !there.contains(name) {
        wrong[FilePath(path)] = .unlisted
      } else if lstat((image ?? "") + path, &found) != 0 {
        wrong[FilePath(path)] = .unreadable
      } else if !Self.isSame(tree + path, expected, (image ?? "") + path, found) {
        wrong[FilePath(path)] = .differs
      }
      if isDirectory { compare(path, with: there.contains(name) ? image : nil) }
    }
  }

  private static func isSame(_ left: String, _ expected: stat, _ right: String, _ found: stat) -> Bool {
    guard expected.st_mode & S_IFMT == found.st_mode & S_IFMT else { return false }
    switch expected.st_mode & S_IFMT {
    case S_IFREG:
      guard expected.st_size == found.st_size else { return false }
      guard let mine = FileManager.default.contents(atPath: right) else { return false }
      return mine == FileManager.default.contents(atPath: left)
    case S_IFLNK: return target(left) != nil && target(left) == target(right)
    default: return true
    }
  }

  private static func target(_ path: String) -> [UInt8]? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &bytes, bytes.count)
    return count > 0 ? bytes[..<count].map { UInt8(bitPattern: $0) } : nil
  }

  /// Whether the tree has nothing but zeros in these ranges of a file: lost there, it still reads as it should.
  func isZero(_ path: FilePath, in ranges: [[Int64]]) -> Bool {
    guard let bytes = FileManager.default.contents(atPath: tree + path.display) else { return false }
    return ranges.allSatisfy { range in
      bytes[Int(range[0])..<min(bytes.count, Int(range[1]))].allSatisfy { $0 == 0 }
    }
  }
}
