/// A partition, or a filesystem without one, as the scanner and the filesystem itself describe it.
public struct Partition: Sendable, Hashable, Codable {
  /// The filesystem's label, from its superblock.
  public var filesystemLabel: String?
  /// The partition's name, from a GPT.
  public var partitionLabel: String?
  /// libblkid's name: `ext4`, `crypto_LUKS`, …; `nil` where nothing was recognised.
  public var filesystemType: String?
  /// `/dev/sda4`; for a disk image the file's path, `#` and the partition's number.
  public var device: FilePath
  public var state: State
  /// Where all of it is mounted, not just a part (bind mount, subvolume); `nil` where it is nowhere.
  public var wholeMountpoint: FilePath?
  /// Whether every mount of it is read-only; `nil` where it is not mounted.
  public var isMountedReadOnly: Bool?
  /// All places it is mounted at, as the node sees them, in byte order.
  public var mountpoints: [FilePath]
  /// The partition's size.
  public var sizeBytes: ByteCount?
  /// The filesystem's size less its own overhead, statvfs(3)'s `f_blocks`.
  public var capacityBytes: ByteCount?
  /// statvfs(3)'s `f_bfree`.
  public var freeBytes: ByteCount?
  /// statvfs(3)'s `f_bavail`: what users other than root can write.
  public var availableBytes: ByteCount?
  /// What root can still write: free less ext4's reserved clusters.
  public var usableBytes: ByteCount?
  public var blockBytes: ByteCount?
  /// The allocation unit; larger than the block on ext4 with bigalloc.
  public var clusterBytes: ByteCount?
  public var inodeBytes: ByteCount?
  public var inodesFree: Int64?
  /// The filesystem's features as its own tools name them, where the superblock could be read.
  public var features: [String]?
  /// Its journal was not replayed when it was read, so its free space may differ from what a mount would find; `nil` where
  /// that is not so.
  public var needsRecovery: Bool?
  /// What an interrupted upgrade left behind.
  public var leftovers: [Leftover]?
  /// How the systems on it are laid out; `nil` where none was recognised, or it was not searched.
  public var layout: UpgradeLayout?
  public var totals: Totals?
  /// Absent where the partition was not searched.
  public var images: [ImageUsage]?

  public enum State: String, Sendable, Codable, Hashable { case mounted, offline }

  public struct Leftover: Sendable, Hashable, Codable {
    /// Below the filesystem's root.
    public var path: FilePath
    /// The file, or all files of the directory, each inode once.
    public var allocatedBytes: ByteCount

    public init(path: FilePath, allocatedBytes: ByteCount) {
      self.path = path
      self.allocatedBytes = allocatedBytes
    }

    enum CodingKeys: String, CodingKey {
      case path
      case allocatedBytes = "allocated_bytes"
    }
  }

  /// Over all images, with hard links and shared physical ranges counted once.
  public struct Totals: Sendable, Hashable, Codable {
    public var allocatedBytes: ByteCount
    /// Of the images for which it is known; `nil` where it is for none.
    public var reclaimableBytes: ByteCount?

    public init(allocatedBytes: ByteCount, reclaimableBytes: ByteCount?) {
      self.allocatedBytes = allocatedBytes
      self.reclaimableBytes = reclaimableBytes
    }

    enum CodingKeys: String, CodingKey {
      case allocatedBytes = "allocated_bytes"
      case reclaimableBytes = "reclaimable_bytes"
    }
  }

  public init(device: FilePath, state: State, mountpoints: [FilePath] = []) {
    self.device = device
    self.state = state
    self.mountpoints = mountpoints
  }

  enum CodingKeys: String, CodingKey {
    case filesystemLabel = "filesystem_label"
    case partitionLabel = "partition_label"
    case filesystemType = "filesystem_type"
    case device
    case state
    case mountpoints
    case wholeMountpoint = "whole_mountpoint"
    case isMountedReadOnly = "mounted_read_only"
    case sizeBytes = "size_bytes"
    case capacityBytes = "capacity_bytes"
    case freeBytes = "free_bytes"
    case availableBytes = "available_bytes"
    case usableBytes = "usable_bytes"
    case blockBytes = "block_bytes"
    case clusterBytes = "cluster_bytes"
    case inodeBytes = "inode_bytes"
    case inodesFree = "inodes_free"
    case features
    case needsRecovery = "needs_recovery"
    case leftovers
    case layout
    case totals
    case images
  }
}

/// Something the audit could not see, so that a clean report is not mistaken for a full one.
public struct Limit: Sendable, Hashable, Codable {
  /// Stable, for machines.
  public var id: String
  public var message: String

  public init(_ id: String, _ message: String) {
    self.id = id
    self.message = message
  }
}
