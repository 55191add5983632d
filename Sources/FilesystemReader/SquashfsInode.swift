import CSquashfs
import SpaceModel

/// An inode of a squashfs, without the list of its blocks.
struct SquashfsInode {
  var number: UInt64
  var kind: RootTreeEntry.Kind
  var links: Int
  /// A file's bytes, or the length of a link's target.
  var size: UInt64 = 0
  /// Index into the table of attribute sets; `nil`: none.
  var attributes: UInt32?
  /// Where a symbolic link leads.
  var target: [UInt8] = []
  var listing: Listing?

  /// Where a directory's entries lie.
  struct Listing {
    /// The block's place in the directory table.
    var block: UInt64
    var offset: Int
    /// Bytes of headers and entries.
    var length: Int
  }

  /// A place in the inode table: the block's offset from the table's start in the upper bits, the offset in the unpacked
  /// block in the lower 16.
  struct Reference: Hashable, Comparable {
    var raw: UInt64
    static func < (left: Reference, right: Reference) -> Bool { left.raw < right.raw }
  }
}

/// The inode table.
///
/// The inodes are decoded here and not by libsquashfs, which would also read the list of each file's blocks: that is most
/// of the table, and its length is whatever the image claims.
final class SquashfsInodeTable {
  private let image: SquashfsImage
  private let table: SquashfsTable

  init(_ image: SquashfsImage) throws(StorageError) {
    self.image = image
    table = try SquashfsTable(
      image, start: image.superblock.inode_table_start, limit: image.superblock.directory_table_start)
  }

  /// Layouts: `struct squashfs_*_inode` in fs/squashfs/squashfs_fs.h.
  func inode(at reference: SquashfsInode.Reference) throws(StorageError) -> SquashfsInode {
    let (block, overflow) = image.superblock.inode_table_start.addingReportingOverflow(reference.raw >> 16)
    guard !overflow else { throw image.corrupt("an inode lies out of its table") }
    try table.seek(block: block, offset: Int(reference.raw & 0xFFFF))
    let base = try table.fields([2, 2, 2, 2, 4, 4])
    let type = SQFS_INODE_TYPE(rawValue: UInt32(base[0]))
    var inode = SquashfsInode(number: base[5], kind: .special, links: 1)
    var attributes: UInt64 = 0xFFFF_FFFF
    switch type {
    case SQFS_INODE_DIR:
      let fields = try table.fields([4, 4, 2, 2, 4])
      inode.kind = .directory
      inode.listing = listing(block: fields[0], offset: fields[3], size: fields[2])
    case SQFS_INODE_EXT_DIR:
      let fields = try table.fields([4, 4, 4, 4, 2, 2, 4])
      inode.kind = .directory
      inode.listing = listing(block: fields[2], offset: fields[5], size: fields[1])
      attributes = fields[6]
    case SQFS_INODE_FILE:
      inode.kind = .file
      inode.size = try table.fields([4, 4, 4, 4])[3]
    case SQFS_INODE_EXT_FILE:
      let fields = try table.fields([8, 8, 8, 4, 4, 4, 4])
      inode.kind = .file
      inode.size = fields[1]
      inode.links = Int(fields[3])
      attributes = fields[6]
    case SQFS_INODE_SLINK, SQFS_INODE_EXT_SLINK:
      let fields = try table.fields([4, 4])
      inode.kind = .symbolicLink
      inode.links = Int(fields[0])
      inode.size = fields[1]
      // No filesystem that a tree comes from holds a longer one.
      guard fields[1] < 64 << 10 else { throw image.corrupt("a symbolic link is \(fields[1]) bytes long") }
      inode.target = try table.bytes(Int(fields[1]))
      if type == SQFS_INODE_EXT_SLINK { attributes = try table.fields([4])[0] }
    case SQFS_INODE_BDEV, SQFS_INODE_CDEV:
      inode.links = Int(try table.fields([4, 4])[0])
    case SQFS_INODE_EXT_BDEV, SQFS_INODE_EXT_CDEV:
      let fields = try table.fields([4, 4, 4])
      inode.links = Int(fields[0])
      attributes = fields[2]
    case SQFS_INODE_FIFO, SQFS_INODE_SOCKET:
      inode.links = Int(try table.fields([4])[0])
    case SQFS_INODE_EXT_FIFO, SQFS_INODE_EXT_SOCKET:
      let fields = try table.fields([4, 4])
      inode.links = Int(fields[0])
      attributes = fields[1]
    default:
      throw image.corrupt("an inode is of a kind that there is not (\(base[0]))")
    }
    guard inode.size <= UInt64(Int64.max) else { throw image.corrupt("a file's size cannot be") }
    inode.attributes = attributes == 0xFFFF_FFFF ? nil : UInt32(attributes)
    return inode
  }

  /// The size counts `.` and `..` as three bytes that are not there.
  private func listing(block: UInt64, offset: UInt64, size: UInt64) -> SquashfsInode.Listing {
    SquashfsInode.Listing(block: block, offset: Int(offset), length: Int(size) - 3)
  }
}
