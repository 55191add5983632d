/// How an image file uses the filesystem it lies on (host layer), and what is inside it (image layer).
///
/// The classes add up: `data + hole + unwritten = apparent`, `data + unwritten + past_eof = mapped`, and
/// `metadata = allocated − mapped`. A figure that is not known is `nil` and absent from JSON.
public struct ImageUsage: Sendable, Hashable, Codable {
  /// Below the filesystem's root; as given for an image named on the command line.
  public var path: FilePath
  public var role: ImageRole
  /// The image of this list that is the same inode; it was measured there, and counts once.
  public var hardLinkOf: FilePath?
  /// `st_size`.
  public var apparentBytes: ByteCount
  /// 512 × `st_blocks`.
  public var allocatedBytes: ByteCount
  /// Mapped, written, and below the apparent size; `zeroBytes` is part of it.
  public var dataBytes: ByteCount?
  public var holeBytes: ByteCount?
  /// Allocated and never written, below the apparent size: reads as zeros.
  public var unwrittenBytes: ByteCount?
  /// Mapped behind the apparent size, the rest of the last block included.
  public var pastEofBytes: ByteCount?
  /// Allocated but not mapped: extent-tree, indirect and xattr blocks, cluster rounding.
  public var metadataBytes: ByteCount?
  /// Data and unwritten bytes that another file or snapshot maps too.
  public var sharedBytes: ByteCount?
  /// Data that reads as zeros, in whole allocation units; `nil` where no data was read.
  public var zeroBytes: ByteCount?
  /// What punching the zero units would give back to the filesystem, never more than it would.
  public var reclaimableBytes: ByteCount?
  public var reclaimableBasis: ReclaimableBasis?
  /// Why `reclaimableBytes` is a lower bound and not the exact figure; `nil` where it is exact.
  public var reclaimableReasons: [ReclaimableReason]?
  /// Whether the image has holes.
  public var sparse: Bool?
  /// Mapped extents, after merging.
  public var extentCount: Int?
  /// Physically contiguous pieces; what filefrag(8) calls extents.
  public var fragmentCount: Int?
  public var mapSource: MapSource
  public var inUse: ImageInUse?
  public var os: OperatingSystem?
  public var inner: InnerFilesystem?
  /// What the tree inside would take if it were copied, for the image that says what is installed; `nil` for others.
  public var tree: TreeCensus?
  public var map: HoleMap?
  /// Whether it was written whole; `nil` where that was not asked, or it holds no filesystem that is known.
  public var integrity: Integrity?

  public init(
    path: FilePath, role: ImageRole, apparentBytes: ByteCount, allocatedBytes: ByteCount, mapSource: MapSource
  ) {
    self.path = path
    self.role = role
    self.apparentBytes = apparentBytes
    self.allocatedBytes = allocatedBytes
    self.mapSource = mapSource
  }

  enum CodingKeys: String, CodingKey {
    case path
    case role
    case hardLinkOf = "hard_link_of"
    case apparentBytes = "apparent_bytes"
    case allocatedBytes = "allocated_bytes"
    case dataBytes = "data_bytes"
    case holeBytes = "hole_bytes"
    case unwrittenBytes = "unwritten_bytes"
    case pastEofBytes = "past_eof_bytes"
    case metadataBytes = "metadata_bytes"
    case sharedBytes = "shared_bytes"
    case zeroBytes = "zero_bytes"
    case reclaimableBytes = "reclaimable_bytes"
    case reclaimableBasis = "reclaimable_basis"
    case reclaimableReasons = "reclaimable_reasons"
    case sparse
    case extentCount = "extent_count"
    case fragmentCount = "fragment_count"
    case mapSource = "map_source"
    case inUse = "in_use"
    case os
    case inner
    case tree
    case map, integrity
  }
}

/// What an image is to the node, by its place and inode.
public enum ImageRole: String, Sendable, Codable, Hashable {
  case active, passive, transition, recovery, snapshot, other
}

/// How `reclaimable_bytes` was found.
public enum ReclaimableBasis: String, Sendable, Codable, Hashable {
  /// Every data byte was read.
  case scan
  /// From the inner filesystem's bitmaps; no data was read.
  case estimate
}

/// Why punching might give back more than `reclaimable_bytes` says.
public enum ReclaimableReason: String, Sendable, Codable, Hashable {
  /// Zero units that another file or snapshot maps too.
  case shared
  /// Zero units in compressed or encrypted extents.
  case encoded
  /// btrfs frees an extent as a whole; these zero units lie in extents that stay referenced.
  case partOfLargerExtent = "part-of-larger-extent"
  /// btrfs extents could not be read (that needs CAP_SYS_ADMIN).
  case extentsNotReadable = "extents-not-readable"
  /// The allocation unit is not known for certain; the largest that fits was taken.
  case unitInferred = "allocation-unit-inferred"
  /// Zeros that have no place on the device yet (btrfs, not written back).
  case notWrittenBack = "not-written-back"
  /// Zero data kept inside the inode.
  case inline
  /// What a punch frees on this filesystem is not known.
  case filesystemNotKnown = "filesystem-not-known"
  /// Part of the image could not be read.
  case notAllRead = "not-all-read"
}

/// Who holds an image.
public struct ImageInUse: Sendable, Hashable, Codable {
  /// `running root`, a loop device (`loop3`), or both.
  public var by: String
  /// Whether writes can reach it through that.
  public var writable: Bool

  public init(by: String, writable: Bool) {
    self.by = by
    self.writable = writable
  }
}

/// What an os-release(5) file says.
public struct OperatingSystem: Sendable, Hashable, Codable {
  public var prettyName: String?
  public var version: String?

  public init(prettyName: String? = nil, version: String? = nil) {
    self.prettyName = prettyName
    self.version = version
  }

  enum CodingKeys: String, CodingKey {
    case prettyName = "pretty_name"
    case version
  }
}

/// The filesystem inside an image (image layer).
public struct InnerFilesystem: Sendable, Hashable, Codable {
  /// libblkid's name: `ext2`, `squashfs`, …
  public var filesystemType: String
  public var filesystemLabel: String?
  /// The whole filesystem: its block count times its block size.
  public var capacityBytes: ByteCount?
  public var usedBytes: ByteCount?
  public var freeBytes: ByteCount?
  /// Allocated on the host, free inside.
  public var staleBytes: ByteCount?

  public init(filesystemType: String) { self.filesystemType = filesystemType }

  enum CodingKeys: String, CodingKey {
    case filesystemType = "filesystem_type"
    case filesystemLabel = "filesystem_label"
    case capacityBytes = "capacity_bytes"
    case usedBytes = "used_bytes"
    case freeBytes = "free_bytes"
    case staleBytes = "stale_bytes"
  }
}
