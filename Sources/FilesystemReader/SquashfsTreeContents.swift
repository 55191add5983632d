import CSquashfs
import LinuxStorage
import SpaceModel

/// The tree in a squashfs with its contents, read where it lies. Nothing in it is believed.
public final class SquashfsTreeContents: TreeContents {
  private let image: SquashfsImage
  private var inodes: SquashfsInodeTable
  private var directories: SquashfsDirectoryTable
  private var attributes: SquashfsAttributeTable?
  private var owners: SquashfsLookupTable
  private var fragments: SquashfsLookupTable
  private let cache: SquashfsBlockCache
  public var path: FilePath { image.source.path }
  public var keepsACLs: Bool { false }

  /// - Throws: ``StorageError`` as ``SquashfsRootTree/init(_:)`` does.
  public init(_ source: any ByteSource) throws(StorageError) {
    image = try SquashfsImage(source)
    inodes = try SquashfsInodeTable(image)
    directories = try SquashfsDirectoryTable(image)
    owners = try .owners(image)
    fragments = try .fragments(image)
    cache = SquashfsBlockCache(image)
  }

  public func top() throws(StorageError) -> TreeRecord {
    try whole { () throws(StorageError) in
      try record("", SquashfsInode.Reference(raw: image.superblock.root_inode_ref), withAttributes: false)
    }
  }

  public func entries(
    _ node: UInt64, at path: FilePath, withAttributes: Bool
  ) throws(StorageError) -> [TreeRecord] {
    let names = try whole { () throws(StorageError) in
      let directory = try inodes.inode(at: SquashfsInode.Reference(raw: node))
      guard directory.kind == .directory else { throw image.corrupt("'\(path.display)' is no directory") }
      return try directory.listing.map { listing throws(StorageError) in try directories.names(listing) } ?? []
    }
    if withAttributes, attributes == nil { attributes = try SquashfsAttributeTable(image) }
    var records: [TreeRecord] = []
    records.reserveCapacity(names.count)
    // In the order of the inode table, so that each of its blocks is unpacked once.
    for name in names.sorted(by: { $0.inode < $1.inode }) {
      let file = FilePath(bytes: name.bytes)
      do throws(StorageError) {
        records.append(
          try whole { () throws(StorageError) in try record(file, name.inode, withAttributes: withAttributes) })
      } catch {
        // An error of the disk is not one of the tree.
        if error.code == .io, error.cause != nil { throw error }
        records.append(TreeRecord(name: file, node: name.inode.raw, kind: nil))
      }
    }
    return records.sorted { $0.name < $1.name }
  }

  public func open(_ node: UInt64, at path: FilePath) throws(StorageError) -> any TreeFileContents {
    try whole { () throws(StorageError) in
      let reference = SquashfsInode.Reference(raw: node)
      let inode = try inodes.inode(at: reference)
      guard let data = inode.data else {
        throw StorageError(.wrongType, operation: "open", path: path, message: "it is not a regular file")
      }
      return SquashfsFileContents(
        size: inode.size, data: data, sizes: try inodes.blockSizes(at: reference),
        fragment: try fragment(data), cache: cache)
    }
  }

  /// Where a file's bytes are stored.
  struct StoredFile {
    var start: UInt64
    /// Of its blocks, with the bit that marks one stored as it is; 0: zeros that are not stored.
    var sizes: [UInt32]
    var fragment: SquashfsBlock?
    var fragmentOffset: Int
  }

  func stored(_ node: UInt64) throws(StorageError) -> StoredFile {
    try whole { () throws(StorageError) in
      let reference = SquashfsInode.Reference(raw: node)
      guard let data = try inodes.inode(at: reference).data else { throw image.corrupt("a file has no data") }
      return StoredFile(
        start: data.start, sizes: try inodes.blockSizes(at: reference), fragment: try fragment(data),
        fragmentOffset: data.fragmentOffset)
    }
  }

  var blockSize: UInt64 { UInt64(image.superblock.block_size) }
  var inodeCount: Int { Int(image.superblock.inode_count) }
  var fragmentCount: Int { min(Int(image.superblock.fragment_entry_count), 1 << 22) }

  func fragment(_ index: UInt32) throws(StorageError) -> SquashfsBlock {
    try whole { () throws(StorageError) in try fragments.fragment(index) }
  }

  /// Where data ends and the tables begin.
  var inodeTableStart: UInt64 { image.superblock.inode_table_start }

  func corrupt(_ message: String) -> StorageError { image.corrupt(message) }

  private func fragment(_ data: SquashfsInode.FileData) throws(StorageError) -> SquashfsBlock? {
    guard let index = data.fragment else { return nil }
    return try fragments.fragment(index)
  }

  private func record(
    _ name: FilePath, _ reference: SquashfsInode.Reference, withAttributes: Bool
  ) throws(StorageError) -> TreeRecord {
    let inode = try inodes.inode(at: reference)
    var record = TreeRecord(name: name, node: reference.raw, kind: inode.kind)
    record.size = inode.size
    record.mode = inode.mode
    record.owner = try owners.owner(inode.owner)
    record.group = try owners.owner(inode.group)
    record.modified = inode.modified
    if inode.kind == .symbolicLink { record.linkTarget = FilePath(bytes: inode.target) }
    if let device = inode.device {
      record.device = DeviceNumber(major: device >> 8 & 0xFFF, minor: device & 0xFF | (device >> 12 & 0xF_FF00))
    }
    if let data = inode.data {
      let isFragment = inode.size < UInt64(image.superblock.block_size)
      record.place = isFragment ? try fragment(data)?.start ?? data.start : data.start
    }
    if withAttributes, let index = inode.attributes, let attributes {
      record.attributes = try attributes.attributes(index)
    }
    return record
  }

  /// After an error a table is not read any more; what does not depend on the place that is damaged is read from a new one.
  private func whole<Value>(_ body: () throws(StorageError) -> Value) throws(StorageError) -> Value {
    do throws(StorageError) { return try body() } catch {
      inodes = try SquashfsInodeTable(image)
      directories = try SquashfsDirectoryTable(image)
      if attributes != nil { attributes = try SquashfsAttributeTable(image) }
      owners = try .owners(image)
      fragments = try .fragments(image)
      throw error
    }
  }
}
