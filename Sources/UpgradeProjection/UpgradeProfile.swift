import SpaceModel

/// How a product upgrades: which filesystems it writes to and in which steps. Data, in JSON (docs/profiles.md).
public struct UpgradeProfile: Sendable, Hashable, Codable {
  /// Of the format, not of the product.
  public static let currentFormat = 1
  /// The name of the upgrade that writes the new system: the one that must be there.
  public static let systemUpgrade = "system"

  public var format: Int
  /// What `--profile` calls it.
  public var name: String
  /// What a person calls the product.
  public var title: String
  /// `Payload.System.product` of what it installs; `nil`: payloads of any product will do.
  public var product: String?
  /// The newest release, `v1.9`, whose upgrade this is known to describe; `nil` where the target does not decide how it
  /// is upgraded to.
  public var newestTarget: ReleaseVersion?
  public var upgrades: [Upgrade]

  enum CodingKeys: String, CodingKey {
    case format, name, title, product
    case newestTarget = "newest_target"
    case upgrades
  }

  /// What is done to one filesystem. Of several with one name, the first whose conditions hold is taken.
  public struct Upgrade: Sendable, Hashable, Codable {
    /// `system`, `recovery`, `preload`.
    public var name: String
    public var filesystemLabel: String
    public var model: Model
    /// Done only when somebody asks for it.
    public var isOptional: Bool?
    public var when: Condition?
    public var copy: CopyRules?
    public var image: Image?
    public var steps: [Step]

    enum CodingKeys: String, CodingKey {
      case name
      case filesystemLabel = "filesystem_label"
      case model
      case isOptional = "optional"
      case when, copy, image, steps
    }
  }

  public enum Model: String, Sendable, Hashable, Codable, CaseIterable {
    /// The new system is written straight into its image.
    case oneCopy = "one-copy"
    /// It is unpacked beside its image first, and both stand at the peak.
    case twoCopy = "two-copy"
    /// It is unpacked and then copied into a snapshot, file by file.
    case btrfsSnapshot = "btrfs-snapshot"
    /// A new recovery system beside the old one.
    case recoveryFiles = "recovery-files"
    /// Container images, and kubelet's rules about the disk they go to.
    case kubeletRules = "kubelet-rules"
  }

  /// How files are copied.
  public struct CopyRules: Sendable, Hashable, Codable {
    public var attributes: AttributeRule
    /// Absolute paths within the tree.
    public var excludes: [FilePath]
  }

  /// The image that is made. `nominal_bytes` alone: that size. `overhead_bytes` alone: the files' sizes and so much more.
  /// Both: the larger of the two.
  public struct Image: Sendable, Hashable, Codable {
    public var nominalBytes: ByteCount?
    public var overheadBytes: ByteCount?

    enum CodingKeys: String, CodingKey {
      case nominalBytes = "nominal_bytes"
      case overheadBytes = "overhead_bytes"
    }
  }

  /// One thing the upgrade does. It adds or frees one quantity.
  public struct Step: Sendable, Hashable, Codable {
    public var name: String
    public var adds: Quantity?
    public var frees: Quantity?
    /// The quantity `bytes`; for another one, the figure where it is not known.
    public var bytes: ByteCount?
    /// What happens when the space for it runs out; without it, a command fails.
    public var failure: Failure?
    public var when: Condition?
  }

  public enum Failure: String, Sendable, Hashable, Codable, CaseIterable {
    /// A command fails.
    case loud
    /// Every command exits 0 and what was written is damaged.
    case silent
  }

  /// What is added or freed, in bytes of the filesystem.
  public enum Quantity: String, Sendable, Hashable, Codable, CaseIterable {
    /// The unpacked tree.
    case tree
    /// The finished image.
    case image
    /// The image written out in full.
    case denseImage = "dense-image"
    /// A squashfs of the new system.
    case squashfs
    /// Files that differ from the old system's: anything from none of the tree to all of it.
    case changedFiles = "changed-files"
    /// What a filesystem holds besides images; a new recovery system's kernel and initrd take what the old ones do.
    case otherFiles = "other-files"
    /// Allocated bytes of the images that are there. One that the running root lies on gives nothing back before a reboot.
    case active, passive, recovery
    /// Snapshots beyond those that are kept, oldest first, never the one that runs.
    case oldSnapshots = "old-snapshots"
    /// What digging holes into passive.img gives back.
    case reclaimablePassive = "reclaimable-passive"
    /// A transition.img that an interrupted upgrade left, which is truncated before it is filled.
    case leftImage = "left-image"
    /// The step's `bytes`.
    case bytes
  }

  /// All of what is there must hold; a step or upgrade without one is always taken.
  public struct Condition: Sendable, Hashable, Codable {
    public var bootedFrom: [BootState.Mode]?
    public var notBootedFrom: [BootState.Mode]?
    /// The target is this release or newer, and known.
    public var targetFrom: ReleaseVersion?
    /// The target is older than this release, and known.
    public var targetBefore: ReleaseVersion?
    /// The payload's form.
    public var source: [Payload.Source.Kind]?
    /// Type of the filesystem in the recovery image that is there.
    public var recoveryFilesystem: [String]?

    enum CodingKeys: String, CodingKey {
      case bootedFrom = "booted_from"
      case notBootedFrom = "not_booted_from"
      case targetFrom = "target_from"
      case targetBefore = "target_before"
      case source
      case recoveryFilesystem = "recovery_filesystem"
    }
  }
}
