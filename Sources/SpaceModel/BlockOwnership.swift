/// What an ext filesystem inside an image keeps in those parts of the image that are in doubt (``DoubtfulRanges``).
///
/// Only what the format does not allow to be zero there is listed as metadata; see docs/integrity.md. Ranges are
/// half-open, in bytes of the image unless they are said to be a file's.
public struct BlockOwnership: Sendable {
  /// The filesystem's block size.
  public var blockBytes: UInt64
  /// What the block bitmaps call used.
  public var usedBytes: UInt64
  /// Metadata in doubt.
  public var metadata: [Metadata] = []
  /// Files with blocks in doubt, or whose inode or block map is lost.
  public var files: [File] = []
  /// Used blocks in holes that no inode that can be read owns.
  public var unowned: [ByteRange] = []
  /// Blocks that are called used and that no inode that can be read owns, in holes or not, in bytes; 0 where not looked.
  public var unownedBytes: UInt64 = 0
  /// Inodes that only the group descriptors count: neither bitmap nor table has them. They are among
  /// ``unreachableInodes``.
  public var uncountedInodes = 0
  /// A bitmap calls free what an inode claims, or an inode that a name leads to: it is older than they are.
  public var isStale = false
  /// Inodes in use that no path leads to.
  public var unreachableInodes = 0
  /// Blocks that those of them claim which can be read, in bytes.
  public var unreachableBytes: UInt64 = 0
  /// Directories that are lost in part or whole, as far as they have a path.
  public var lostDirectories: [FilePath] = []
  /// Structures that are neither whole nor zero, and the first of them as a clause.
  public var contradictions = 0
  public var firstContradiction: String?
  /// The journal was not replayed: what is on disk is older than the filesystem.
  public var needsRecovery = false
  /// The kernel has noted errors in the superblock (`EXT2_ERROR_FS`).
  public var hasErrors = false

  public init(blockBytes: UInt64, usedBytes: UInt64) {
    self.blockBytes = blockBytes
    self.usedBytes = usedBytes
  }

  /// A kind of block that is not a file's contents.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case superblock
    case groupDescriptors = "group-descriptors"
    /// The resize inode's map: its double indirect block and the reserved group descriptor blocks of the first group.
    case reservedDescriptors = "reserved-descriptors"
    case blockBitmap = "block-bitmap"
    case inodeBitmap = "inode-bitmap"
    /// A block of an inode table that holds an inode in use.
    case inodeTable = "inode-table"
    case directory
    /// A node of an extent tree, or an indirect block.
    case blockMap = "block-map"
    /// A block of extended attributes.
    case attributes
    /// The journal's superblock.
    case journal
    /// The multi-mount protection block.
    case multiMountProtection = "multi-mount-protection"
  }

  /// A block of metadata of which a part or all reads as zeros.
  public struct Metadata: Sendable, Hashable {
    public var kind: Kind
    /// The block.
    public var block: ByteRange
    /// Its parts in holes, in bytes.
    public var holeBytes: UInt64
    /// All of it reads as zeros, which the format does not allow.
    public var isLost: Bool

    public init(kind: Kind, block: ByteRange, holeBytes: UInt64, isLost: Bool) {
      self.kind = kind
      self.block = block
      self.holeBytes = holeBytes
      self.isLost = isLost
    }
  }

  /// A part of a file that is in doubt.
  public struct Piece: Sendable, Hashable {
    /// In the image: whole blocks, or what of them is in doubt.
    public var image: ByteRange
    /// Where it begins in the file.
    public var offset: UInt64
    public var isHole: Bool

    public init(image: ByteRange, offset: UInt64, isHole: Bool) {
      self.image = image
      self.offset = offset
      self.isHole = isHole
    }
  }

  /// A regular file or a symbolic link.
  public struct File: Sendable, Hashable {
    public var inode: UInt32
    /// All names it has, absolute in the image; empty where no path leads to it.
    public var paths: [FilePath] = []
    /// `i_size`; `nil` where the inode is lost.
    public var size: UInt64?
    /// `i_mtime` and `i_ctime`, in seconds.
    public var modified: Int64 = 0
    public var changed: Int64 = 0
    public var isSymbolicLink = false
    /// Written blocks up to the size, in bytes; unwritten extents are not among them.
    public var writtenBytes: UInt64 = 0
    /// It has unwritten extents: somebody preallocated it.
    public var isPreallocated = false
    public var pieces: [Piece] = []
    /// Parts of the file whose map is lost; half-open, in bytes of the file, up to its size.
    public var unmapped: [ByteRange] = []
    /// Its block of extended attributes is lost.
    public var hasLostAttributes = false
    /// It belongs to the filesystem: quota, orphan list, boot loader, values of extended attributes.
    public var isSystem = false

    public init(inode: UInt32, size: UInt64?) {
      self.inode = inode
      self.size = size
    }

    /// Whether every written block of it reads as zeros, and there is one.
    public var isAllZero: Bool {
      writtenBytes > 0 && unmapped.isEmpty && pieces.reduce(0) { $0 + $1.image.length } >= writtenBytes
    }
  }
}
