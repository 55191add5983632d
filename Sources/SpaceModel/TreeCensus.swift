/// Which extended attributes a tool's copy keeps.
public enum AttributeRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// rsync `--xattrs --acls`: elemental-cli and elemental-toolkit up to 1.1.
  case all
  /// The same less `security.selinux`: elemental-toolkit from 1.1's later builds and 2 on.
  case withoutSELinux = "without-selinux"
  /// rsync `--acls` alone: Kairos.
  case aclsOnly = "acls-only"
}

/// A filesystem that files are copied to, as far as it decides what they take.
public struct TreeFilesystem: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// ext4: extents.
    case ext4
    /// ext2 and ext3: indirect blocks.
    case ext2
    case xfs, btrfs
  }

  public var kind: Kind
  /// The allocation unit: ext4's cluster, else the block.
  public var unitBytes: ByteCount

  public init(_ kind: Kind, unitBytes: ByteCount) {
    self.kind = kind
    self.unitBytes = unitBytes
  }

  enum CodingKeys: String, CodingKey {
    case kind = "filesystem_type"
    case unitBytes = "unit_bytes"
  }
}

/// What a tree takes once it has been copied to one kind of filesystem.
public struct TreeDemand: Sendable, Hashable, Codable {
  public var filesystem: TreeFilesystem
  public var attributes: AttributeRule
  /// Data of regular files in whole units, each name of a hard-linked file once.
  public var fileBytes: ByteCount
  /// Extent-tree or indirect blocks.
  public var mapBytes: ByteCount
  /// Directories, as full as the copy leaves them.
  public var directoryBytes: ByteCount
  /// Targets of symbolic links that do not fit the inode.
  public var linkBytes: ByteCount
  /// Extended attributes that do not fit the inode.
  public var attributeBytes: ByteCount
  /// Pieces that larger files are written in. Where the filesystem lies in an image, and the unit of the one that holds
  /// it is larger, each piece ends within a unit.
  public var pieces: Int64

  public init(
    filesystem: TreeFilesystem, attributes: AttributeRule, fileBytes: ByteCount, mapBytes: ByteCount,
    directoryBytes: ByteCount, linkBytes: ByteCount, attributeBytes: ByteCount, pieces: Int64 = 0
  ) {
    self.filesystem = filesystem
    self.attributes = attributes
    self.fileBytes = fileBytes
    self.mapBytes = mapBytes
    self.directoryBytes = directoryBytes
    self.linkBytes = linkBytes
    self.attributeBytes = attributeBytes
    self.pieces = pieces
  }

  /// The tree's footprint.
  public var totalBytes: ByteCount { fileBytes + mapBytes + directoryBytes + linkBytes + attributeBytes }

  enum CodingKeys: String, CodingKey {
    case filesystem
    case attributes
    case fileBytes = "file_bytes"
    case mapBytes = "map_bytes"
    case directoryBytes = "directory_bytes"
    case linkBytes = "link_bytes"
    case attributeBytes = "attribute_bytes"
    case pieces
  }
}

/// A root tree counted: enough to say what it takes wherever it is copied, without the tree.
public struct TreeCensus: Sendable, Hashable, Codable {
  /// Inodes of the copy: each name once, because rsync without `-H` makes hard links into files of their own; the root
  /// directory not counted.
  public var inodes: Int64
  public var directories: Int64
  /// Names of regular files.
  public var files: Int64
  /// Sum of the files' sizes, each name once: what an image's automatic size is made from.
  public var apparentBytes: ByteCount
  public var demands: [TreeDemand]

  public init(inodes: Int64, directories: Int64, files: Int64, apparentBytes: ByteCount, demands: [TreeDemand]) {
    self.inodes = inodes
    self.directories = directories
    self.files = files
    self.apparentBytes = apparentBytes
    self.demands = demands
  }

  /// `nil` where it was not counted for such a filesystem.
  public func demand(on filesystem: TreeFilesystem, _ attributes: AttributeRule) -> TreeDemand? {
    demands.first { $0.filesystem == filesystem && $0.attributes == attributes }
  }

  enum CodingKeys: String, CodingKey {
    case inodes, directories, files
    case apparentBytes = "apparent_bytes"
    case demands
  }
}
