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
  /// Permissions, without the type bits: the kind of inode says the type.
  var mode: UInt32
  /// Indices into the table of owners and groups.
  var owner: Int
  var group: Int
  /// `st_mtime` in whole seconds, unsigned.
  var modified: Int64
  /// Of a device node, as the kernel's `new_encode_dev` has it.
  var device: UInt32?
  var data: FileData?

  /// Where a file's bytes lie. The sizes of its blocks follow the inode in the table.
  struct FileData {
    /// The first block's place in the image.
    var start: UInt64
    /// The fragment that its end lies in; `nil`: none.
    var fragment: UInt32?
    /// Where in the unpacked fragment.
    var fragmentOffset: Int
  }

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
    var inode = SquashfsInode(
      number: base[5], kind: .special, links: 1, mode: UInt32(base[1]) & 0o7777, owner: Int(base[2]),
      group: Int(base[3]), modified: Int64(base[4]))
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
      let fields = try table.fields([4, 4, 4, 4])
      inode.size = fields[3]
      inode.data = data(start: fields[0], fragment: fields[1], offset: fields[2])
    case SQFS_INODE_EXT_FILE:
      let fields = try table.fields([8, 8, 8, 4, 4, 4, 4])
      inode.kind = .file
      inode.size = fields[1]
      inode.links = Int(fields[3])
      inode.data = data(start: fields[0], fragment: fields[4], offset: fields[5])
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
      let fields = try table.fields([4, 4])
      inode.links = Int(fields[0])
      inode.device = UInt32(fields[1])
    case SQFS_INODE_EXT_BDEV, SQFS_INODE_EXT_CDEV:
      let fields = try table.fields([4, 4, 4])
      inode.links = Int(fields[0])
      inode.device = UInt32(fields[1])
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
    inode.mode |= Self.typeBits(type)
    return inode
  }

  /// The sizes of a file's blocks as they are stored, in order; 0 for a block of zeros that is not stored.
  ///
  /// Bit 24 (`SQUASHFS_COMPRESSED_BIT_BLOCK`) marks one that is stored as it is.
  func blockSizes(at reference: SquashfsInode.Reference) throws(StorageError) -> [UInt32] {
    // Leaves the table behind the inode, where they are.
    let inode = try inode(at: reference)
    guard let data = inode.data else { return [] }
    let blockSize = UInt64(image.superblock.block_size)
    // An end that lies in a fragment has no block of its own.
    let count = inode.size / blockSize + (data.fragment == nil && inode.size % blockSize > 0 ? 1 : 0)
    guard count <= Self.mostBlocks else {
      throw image.corrupt("a file of \(inode.size) bytes has more blocks than \(Self.mostBlocks)")
    }
    var sizes: [UInt32] = []
    while sizes.count < Int(count) {
      // By and by, so that a size that is only claimed takes no memory.
      let bytes = try table.bytes(min(4 * (Int(count) - sizes.count), 32 << 10))
      for at in stride(from: 0, to: bytes.count - 3, by: 4) {
        sizes.append(bytes[at..<at + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
      }
    }
    return sizes
  }

  /// 512 GiB in blocks of 128 KiB.
  static let mostBlocks: UInt64 = 4 << 20

  private func data(start: UInt64, fragment: UInt64, offset: UInt64) -> SquashfsInode.FileData {
    SquashfsInode.FileData(
      start: start, fragment: fragment == 0xFFFF_FFFF ? nil : UInt32(fragment), fragmentOffset: Int(offset))
  }

  private static func typeBits(_ type: SQFS_INODE_TYPE) -> UInt32 {
    switch type {
    case SQFS_INODE_DIR, SQFS_INODE_EXT_DIR: 0x4000
    case SQFS_INODE_FILE, SQFS_INODE_EXT_FILE: 0x8000
    case SQFS_INODE_SLINK, SQFS_INODE_EXT_SLINK: 0xA000
    case SQFS_INODE_BDEV, SQFS_INODE_EXT_BDEV: 0x6000
    case SQFS_INODE_CDEV, SQFS_INODE_EXT_CDEV: 0x2000
    case SQFS_INODE_FIFO, SQFS_INODE_EXT_FIFO: 0x1000
    default: 0xC000
    }
  }

  /// The size counts `.` and `..` as three bytes that are not there.
  private func listing(block: UInt64, offset: UInt64, size: UInt64) -> SquashfsInode.Listing {
    SquashfsInode.Listing(block: block, offset: Int(offset), length: Int(size) - 3)
  }
}
