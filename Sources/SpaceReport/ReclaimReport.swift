import SpaceModel

/// What `headroom reclaim` would do, or did.
public struct ReclaimReport: Sendable, Hashable, Codable {
  public var schemaVersion = "1.0"
  public var generatedAt: String
  public var tool: Tool
  /// Holes were punched, or tried to; else it is what would be done.
  public var applied: Bool
  public var filesystems: [Filesystem] = []

  public struct Tool: Sendable, Hashable, Codable {
    public var name: String
    public var version: String
  }

  public init(generatedAt: String, toolName: String, toolVersion: String, applied: Bool) {
    self.generatedAt = generatedAt
    tool = Tool(name: toolName, version: toolVersion)
    self.applied = applied
  }

  enum CodingKeys: String, CodingKey {
    case schemaVersion = "schema_version"
    case generatedAt = "generated_at"
    case tool, applied, filesystems
  }

  /// One filesystem that images lie on.
  public struct Filesystem: Sendable, Hashable, Codable {
    public var device: FilePath
    public var label: String?
    public var type: String?
    public var mountpoint: FilePath?
    public var isMountedReadOnly: Bool
    /// It was made writable for the duration.
    public var remounted: Bool?
    /// It was made writable and could not be put back.
    public var leftWritable: Bool?
    /// statfs(2)'s `f_bfree` before and, where holes were punched, after.
    public var freeBefore: ByteCount
    public var freeAfter: ByteCount?
    public var images: [Image] = []
    /// Of the upgrade, as things were and as they are afterwards (in a dry run: would be); absent where none can be
    /// projected.
    public var projectionsBefore: [Projection]?
    public var projectionsAfter: [Projection]?
    /// Deleted files on it that something still holds, a sentence each: digging gives nothing of them back.
    public var notes: [String]?

    public init(device: FilePath, isMountedReadOnly: Bool, freeBefore: ByteCount) {
      self.device = device
      self.isMountedReadOnly = isMountedReadOnly
      self.freeBefore = freeBefore
    }

    /// What it gains by the images that are, or would be, punched.
    public var gain: ByteCount { counted.reduce(.zero) { $0 + $1.gain } }
    public var leastGain: ByteCount { counted.reduce(.zero) { $0 + $1.leastGain } }
    private var counted: [Image] { images.filter { $0.state == .planned || $0.state == .done } }

    /// Its label, else its device.
    public var name: String { label.map { DisplayText.escaped($0) } ?? device.display }

    enum CodingKeys: String, CodingKey {
      case device, label, type, mountpoint
      case isMountedReadOnly = "mounted_read_only"
      case remounted
      case leftWritable = "left_writable"
      case freeBefore = "free_before_bytes"
      case freeAfter = "free_after_bytes"
      case images
      case projectionsBefore = "projections_before"
      case projectionsAfter = "projections_after"
      case notes
    }
  }

  public struct Image: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable {
      /// A dry run: would be punched.
      case planned
      /// Nothing in it would give anything back.
      case nothing
      case done
      /// Something stands against it.
      case refused
      /// Ended before its time: somebody opened it, or a signal came.
      case stopped
      case failed
    }

    /// As it was named; for one that was found, where it is mounted.
    public var path: FilePath
    public var state: State = .nothing
    /// Data that reads as zeros, in whole units.
    public var zeroBytes: ByteCount = .zero
    /// The allocation unit.
    public var unitBytes: ByteCount = .zero
    /// Runs of units to punch, and their bytes.
    public var rangeCount: Int64 = 0
    public var rangeBytes: ByteCount = .zero
    /// What they occupy.
    public var reclaimable: ByteCount = .zero
    /// What the filesystem gains, less what it needs to remember the holes.
    public var gain: ByteCount = .zero
    /// It gains this at least.
    public var leastGain: ByteCount = .zero
    /// Why not all zeros are punched.
    public var reasons: [ReclaimableReason]?
    /// What stands against punching it.
    public var objections: [ReclaimObjection] = []
    public var punchedBytes: ByteCount?
    /// Zero when planned, and no more when read again; left alone.
    public var changedBytes: ByteCount?
    public var lease: Lease?
    /// 512 × `st_blocks`.
    public var allocatedBefore: ByteCount = .zero
    public var allocatedAfter: ByteCount?
    /// With `--verify`: whether it reads as before, from the disk.
    public var contentUnchanged: Bool?
    /// What to know of it, a sentence each.
    public var notes: [String]?

    public init(path: FilePath) { self.path = path }

    enum CodingKeys: String, CodingKey {
      case path, state
      case zeroBytes = "zero_bytes"
      case unitBytes = "unit_bytes"
      case rangeCount = "range_count"
      case rangeBytes = "range_bytes"
      case reclaimable = "reclaimable_bytes"
      case gain = "gain_bytes"
      case leastGain = "least_gain_bytes"
      case reasons, objections
      case punchedBytes = "punched_bytes"
      case changedBytes = "changed_bytes"
      case lease
      case allocatedBefore = "allocated_before_bytes"
      case allocatedAfter = "allocated_after_bytes"
      case contentUnchanged = "content_unchanged"
      case notes
    }
  }

  /// Whether others were kept out while holes were punched.
  public enum Lease: String, Sendable, Hashable, Codable {
    /// Nobody else had the file open, and whoever opened it waited.
    case held
    /// It was open elsewhere; every run was read twice.
    case notGranted = "not-granted"
    /// The filesystem has none; every run was read twice.
    case unsupported
  }
}

/// Something that stands against punching holes into an image.
public struct ReclaimObjection: Sendable, Hashable, Codable {
  /// The check that failed, and the word that leaves it out.
  public enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
    /// Somebody has it open for reading.
    case open
    /// Somebody can write to it.
    case writing
    /// chattr(1) has made it immutable or append-only.
    case immutable
    /// Something is lost in it, and digging destroys the evidence.
    case damaged
    /// An upgrade is writing to the node's system partitions.
    case upgrade
  }

  public var reason: Reason
  /// A clause.
  public var message: String
  /// It was left out by request.
  public var forced: Bool

  public init(_ reason: Reason, _ message: String, forced: Bool) {
    self.reason = reason
    self.message = message
    self.forced = forced
  }
}
