import CSquashfs
import LinuxStorage
import SpaceModel

/// The tree in a squashfs, which is read where it lies: superblock, inodes, names and attributes, and no file data but what
/// ``smallFile(_:limit:)`` is asked for.
///
/// gzip, xz, lzma, lz4 and zstd are built in; lzo is not. A squashfs keeps no POSIX ACLs, so its entries have none.
/// Nothing in it is believed. Not thread-safe.
public final class SquashfsRootTree: RootTree {
  private let image: SquashfsImage
  private let inodes: SquashfsInodeTable
  private let directories: SquashfsDirectoryTable
  private let attributes: SquashfsAttributeTable?
  private lazy var files = SquashfsFileReader(image)

  /// Reads the superblock and where the attributes lie.
  ///
  /// - Throws: ``StorageError``: `.unsupported` where it is no squashfs 4.0 or its compression is not built in,
  ///   `.truncated` where it is cut off, `.corrupt` where it contradicts itself.
  public init(_ source: any ByteSource) throws(StorageError) {
    image = try SquashfsImage(source)
    inodes = try SquashfsInodeTable(image)
    directories = try SquashfsDirectoryTable(image)
    attributes = try SquashfsAttributeTable(image)
  }

  /// What holds the squashfs.
  public var source: any ByteSource { image.source }

  /// `bytes_used`: the image without the padding behind it.
  public var size: UInt64 { image.superblock.bytes_used }

  /// `inodes`, by the superblock.
  public var inodeCount: Int { Int(image.superblock.inode_count) }

  private var root: SquashfsInode.Reference { SquashfsInode.Reference(raw: image.superblock.root_inode_ref) }

  /// - Complexity: Each metadata block is unpacked about once where the image lists its inodes in the order of its
  ///   directories, as mksquashfs(1) does. Memory: the largest directory, and the distinct sets of attributes.
  public func walk(
    excluding: [FilePath], _ visit: (RootTreeDirectory) throws(StorageError) -> Void
  ) throws(StorageError) {
    let excluded = ExcludedPaths(excluding)
    let top = try inodes.inode(at: root)
    guard top.kind == .directory else { throw image.corrupt("its root is no directory") }
    var stack: [(path: FilePath, inode: SquashfsInode)] = [("/", top)]
    var seen: Set<SquashfsInode.Reference> = [root]
    var allowance = WalkAllowance()
    while let (path, directory) = stack.popLast() {
      allowance.giveBack(path)
      guard let listing = directory.listing else { continue }
      // In the order of the inode table, so that each of its blocks is unpacked once.
      let names = try directories.names(listing).sorted { $0.inode < $1.inode }
      if let excess = allowance.excess(ofNames: names.count) { throw image.corrupt(excess) }
      var record = RootTreeDirectory(path: path, attributes: try attributes(of: directory), entries: [])
      record.entries.reserveCapacity(names.count)
      var below: [(path: FilePath, inode: SquashfsInode)] = []
      for name in names {
        let file = FilePath(bytes: name.bytes)
        let full = path.appending(file)
        if excluded.contains(full) { continue }
        let inode = try inodes.inode(at: name.inode)
        if inode.kind == .directory {
          // A directory has one name; a second would make it its own ancestor, or an image endless.
          guard seen.insert(name.inode).inserted else { throw image.corrupt("its directories go in circles") }
          if let excess = allowance.excess(ofPath: full) { throw image.corrupt(excess) }
          below.append((full, inode))
        }
        record.entries.append(
          RootTreeEntry(
            name: file, kind: inode.kind, size: inode.size, attributes: try attributes(of: inode),
            inode: inode.number, links: inode.kind == .directory ? 1 : inode.links))
      }
      try visit(record)
      stack += below.reversed()
    }
  }

  private func attributes(of inode: SquashfsInode) throws(StorageError) -> [ExtendedAttribute] {
    guard let index = inode.attributes, let attributes else { return [] }
    return try attributes.attributes(index)
  }

  public func smallFile(_ path: FilePath, limit: Int) throws(StorageError) -> [UInt8]? {
    let found = try PathResolution.resolve(path, root: root) {
      (directory, name) throws(StorageError) -> PathResolution.Step<SquashfsInode.Reference>? in
      guard let listing = try self.inodes.inode(at: directory).listing,
        let entry = try self.directories.names(listing).first(where: { $0.bytes == name.bytes })
      else { return nil }
      let inode = try self.inodes.inode(at: entry.inode)
      return switch inode.kind {
      case .directory: .directory(entry.inode)
      case .symbolicLink: .link(FilePath(bytes: inode.target))
      default: .other(entry.inode)
      }
    }
    guard let found else { return nil }
    let inode = try inodes.inode(at: found)
    guard inode.kind == .file else { return nil }
    return try files.start(of: found, size: inode.size, limit: limit)
  }
}
