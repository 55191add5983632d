import CExt2fs
import LinuxStorage
import SpaceModel

/// The tree in an unmounted ext2, ext3 or ext4 filesystem.
///
/// An empty `lost+found` at its root is mkfs's and not the tree's, and left out. Nothing in it is believed. Not
/// thread-safe.
public struct ExtRootTree: RootTree {
  public let filesystem: ExtFilesystem
  private static let root: UInt32 = 2

  public init(_ filesystem: ExtFilesystem) { self.filesystem = filesystem }

  public func walk(
    excluding: [FilePath], _ visit: (RootTreeDirectory) throws(StorageError) -> Void
  ) throws(StorageError) {
    let excluded = ExcludedPaths(excluding)
    var attributes = try ExtAttributes(filesystem)
    var stack: [(path: FilePath, inode: UInt32)] = [("/", Self.root)]
    var seen: Set<UInt32> = [Self.root]
    var allowance = WalkAllowance()
    while let (path, directory) = stack.popLast() {
      allowance.giveBack(path)
      // In the order of the inode table, so that each of its blocks is read once.
      let names = try filesystem.names(ofDirectory: directory, path: path).sorted { $0.inode < $1.inode }
      if let excess = allowance.excess(ofNames: names.count) { throw corrupt(excess) }
      var record = RootTreeDirectory(
        path: path, attributes: try attributes.attributes(of: directory, path: path), entries: [])
      record.entries.reserveCapacity(names.count)
      var below: [(path: FilePath, inode: UInt32)] = []
      for (name, number) in names {
        let full = path.appending(name)
        if excluded.contains(full) { continue }
        let (inode, status) = try filesystem.readInode(number)
        guard inode.i_links_count > 0, inode.i_mode & 0xF000 != 0 else {
          throw corrupt("'\(full.display)' has an inode that is not in use")
        }
        if status.kind == .directory {
          if try isMadeByMkfs(full, number) { continue }
          guard seen.insert(number).inserted else { throw corrupt("its directories go in circles") }
          if let excess = allowance.excess(ofPath: full) { throw corrupt(excess) }
          below.append((full, number))
        }
        record.entries.append(
          RootTreeEntry(
            name: name, kind: status.entryKind, size: status.entrySize,
            attributes: try attributes.attributes(of: number, path: full), inode: UInt64(number),
            links: status.kind == .directory ? 1 : Int(clamping: status.links)))
      }
      try visit(record)
      stack += below.reversed()
    }
  }

  private func isMadeByMkfs(_ path: FilePath, _ inode: UInt32) throws(StorageError) -> Bool {
    guard path == "/lost+found" else { return false }
    return try filesystem.names(ofDirectory: inode, path: path).isEmpty
  }

  public func smallFile(_ path: FilePath, limit: Int) throws(StorageError) -> [UInt8]? {
    // Not by ext2fs_namei_follow, which believes the length that a symbolic link claims.
    let found = try PathResolution.resolve(path, root: Self.root) {
      (directory, name) throws(StorageError) -> PathResolution.Step<UInt32>? in
      let names = try filesystem.names(ofDirectory: directory, path: path)
      guard let number = names.first(where: { $0.name == name })?.inode else { return nil }
      switch try filesystem.status(of: number).kind {
      case .directory: return .directory(number)
      case .symbolicLink: return try filesystem.linkTarget(of: number).map { .link($0) }
      default: return .other(number)
      }
    }
    guard let found, try filesystem.status(of: found).kind == .regular else { return nil }
    let file = try filesystem.open(inode: found, path: path)
    return try file.bytes(at: 0, count: Int(min(file.size, UInt64(max(0, limit)))))
  }

  private func corrupt(_ message: String) -> StorageError {
    StorageError(
      .corrupt, operation: "read the tree in", path: filesystem.source.path, message: message,
      hint: "headroom verify tells what of it is missing.")
  }
}

extension FileStatus {
  fileprivate var entryKind: RootTreeEntry.Kind {
    switch kind {
    case .regular: .file
    case .directory: .directory
    case .symbolicLink: .symbolicLink
    case .blockDevice, .other: .special
    }
  }

  /// `st_size` where it says something of the tree.
  fileprivate var entrySize: UInt64 { kind == .regular || kind == .symbolicLink ? size : 0 }
}
