/// How the systems on a partition are laid out: which generation of elemental put them there, and the snapshots.
public struct UpgradeLayout: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable {
    /// `cOS/active.img` and `cOS/passive.img`: elemental 1, all of Harvester so far, Kairos.
    case images
    /// elemental 2 with image files, `.snapshots/N/snapshot.img`.
    case loopdevice
    /// elemental 2 with subvolumes, `@/.snapshots/N/snapshot`.
    case btrfs
    /// Snapshots beside `cOS/active.img` or `cOS/passive.img`: the first upgrade to elemental 2 was not finished, or is
    /// running.
    case legacy
  }

  public var kind: Kind
  /// By number; `nil` for ``Kind/images``.
  public var snapshots: [Snapshot]?
  /// The number of the snapshot the next boot takes; `nil` where none is, or it is not known.
  public var activeSnapshot: Int?
  /// Whether elemental's `state.yaml` is there; Kairos has none on this partition. `nil` where it cannot be known.
  public var hasStateFile: Bool?
  /// `state.yaml`, `snapshotter.max-snaps`: how many snapshots elemental keeps.
  public var maxSnapshots: Int?
  /// `state.yaml`, `snapshotter.type`, where it says another than what is there: `btrfs`, `loopdevice`.
  public var snapshotter: String?
  /// `state.yaml`, `state.active.fs`: what the next active image's filesystem will be (`ext2`).
  public var activeFilesystem: String?

  public struct Snapshot: Sendable, Hashable, Codable {
    public var number: Int
    /// Below the filesystem's root: `.snapshots/2/snapshot.img`.
    public var path: FilePath

    public init(number: Int, path: FilePath) {
      self.number = number
      self.path = path
    }
  }

  public init(kind: Kind) { self.kind = kind }

  /// Whether upgrades make snapshots (elemental 2).
  public var hasSnapshots: Bool { kind != .images }

  enum CodingKeys: String, CodingKey {
    case kind, snapshots
    case activeSnapshot = "active_snapshot"
    case hasStateFile = "state_file"
    case maxSnapshots = "max_snapshots"
    case snapshotter
    case activeFilesystem = "active_filesystem"
  }
}
