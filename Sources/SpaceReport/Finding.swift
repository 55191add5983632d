import SpaceModel

/// Something that was measured and that somebody should know.
public struct Finding: Sendable, Hashable, Codable {
  public enum Severity: String, Sendable, Hashable, Codable, Comparable {
    case info, warning, critical

    private var rank: Int { self == .info ? 0 : self == .warning ? 1 : 2 }
    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
  }

  /// Stable: never renamed, never reused.
  public struct ID: RawRepresentable, Sendable, Hashable, Codable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Fully written out though much of it is zeros: copied without its holes.
    public static let imageNotSparse = ID(rawValue: "image-not-sparse")
    /// Has holes, and zeros written out besides.
    public static let imageZeroData = ID(rawValue: "image-zero-data")
    /// A recovery image without holes; every Harvester has one.
    public static let recoveryNotSparse = ID(rawValue: "recovery-not-sparse")
    /// Could not be read, in whole or in part.
    public static let imageUnreadable = ID(rawValue: "image-unreadable")
    /// Its holes exceed the free space under it, and something can write inside.
    public static let imageOvercommitted = ID(rawValue: "image-overcommitted")
    public static let imageChangedWhileReading = ID(rawValue: "image-changed-while-reading")
    /// What an interrupted upgrade left.
    public static let upgradeLeftovers = ID(rawValue: "upgrade-leftovers")
    /// Several filesystems carry one label.
    public static let labelAmbiguous = ID(rawValue: "label-ambiguous")
    public static let labelMissing = ID(rawValue: "label-missing")
    /// A deleted file that something still holds open: its space is used and no path leads to it.
    public static let backingFileDeleted = ID(rawValue: "backing-file-deleted")
    /// A partition that was asked for could not be read.
    public static let partitionUnreadable = ID(rawValue: "partition-unreadable")
    /// Images on a partition that may hold some were not looked for.
    public static let partitionNotSearched = ID(rawValue: "partition-not-searched")
    /// The node runs its fallback image.
    public static let bootedFromPassive = ID(rawValue: "booted-from-passive")
    /// The node runs its recovery system or an installation medium.
    public static let bootedFromRecovery = ID(rawValue: "booted-from-recovery")
    /// An upgrade is writing now.
    public static let upgradeRunning = ID(rawValue: "upgrade-running")
    /// The next boot takes another image than the one that runs.
    public static let rebootPending = ID(rawValue: "reboot-pending")
    /// An upgrade would run out of space, or comes close to it, or fits by estimate only.
    public static let upgradeSpace = ID(rawValue: "upgrade-space")
    /// Whether an upgrade fits cannot be said.
    public static let upgradeSpaceUnknown = ID(rawValue: "upgrade-space-unknown")
    /// An upgrade would not fit even after everything that can be done.
    public static let statePartitionUndersized = ID(rawValue: "state-partition-undersized")
    /// What the filesystem inside an image uses was never written, or may not have been.
    public static let imageLostWrites = ID(rawValue: "image-lost-writes")
    /// Files that hold nothing but zeros, as lost writes leave them.
    public static let imageNulFiles = ID(rawValue: "image-nul-files")
    /// Two images of one version do not hold the same files.
    public static let imageTwinsDiffer = ID(rawValue: "image-twins-differ")
    /// Whether an image was written whole could not be told.
    public static let imageNotVerified = ID(rawValue: "image-not-verified")
    /// Something that was named on the command line could not be measured.
    public static let targetUnreadable = ID(rawValue: "target-unreadable")
    /// The audit ended before it had measured everything.
    public static let auditIncomplete = ID(rawValue: "audit-incomplete")

    /// Every id that this version gives, by name.
    public static let all: [ID] = [
      .imageNotSparse, .imageZeroData, .recoveryNotSparse, .imageUnreadable, .imageOvercommitted,
      .imageChangedWhileReading, .upgradeLeftovers, .labelAmbiguous, .labelMissing, .backingFileDeleted,
      .partitionUnreadable, .partitionNotSearched, .bootedFromPassive, .bootedFromRecovery, .upgradeRunning,
      .rebootPending, .upgradeSpace, .upgradeSpaceUnknown, .statePartitionUndersized, .imageLostWrites, .imageNulFiles,
      .imageTwinsDiffer, .imageNotVerified, .targetUnreadable, .auditIncomplete,
    ].sorted { $0.rawValue < $1.rawValue }
  }

  public var id: ID
  public var severity: Severity
  /// `COS_STATE`, or an image as `COS_STATE:cOS/passive.img`.
  public var target: String
  public var message: String
  /// A command that can be pasted, or a sentence where there is none.
  public var remedy: String?
  /// Somebody chose (`--ignore`) that it is no part of the verdict; `nil`: it is.
  public var ignored: Bool?

  public init(_ id: ID, _ severity: Severity, target: String, message: String, remedy: String? = nil) {
    self.id = id
    self.severity = severity
    self.target = target
    self.message = message
    self.remedy = remedy
  }

  /// Whether it says that something could not be judged, rather than that it is bad.
  public var meansUnknown: Bool { Self.unknowns.contains(id) }

  /// Whether it bears on the next upgrade; the others are about what is on the disk.
  public var concernsUpgrade: Bool { comesFromPlan || Self.inTheWay.contains(id) }

  /// Whether it follows from the boot state and the projections alone.
  public var comesFromPlan: Bool { Self.planned.contains(id) }

  private static let planned: Set<ID> = [
    .upgradeSpace, .upgradeSpaceUnknown, .statePartitionUndersized, .bootedFromPassive, .bootedFromRecovery,
    .upgradeRunning, .rebootPending,
  ]
  // Lists, not sets: the first set of a type of ours costs an audit 20 microseconds, looking for a few words does not.
  private static let inTheWay: [ID] = [
    .labelMissing, .labelAmbiguous, .partitionUnreadable, .imageUnreadable, .targetUnreadable, .auditIncomplete,
  ]
  /// Whether it is about an image's integrity.
  public var concernsIntegrity: Bool { Self.aboutIntegrity.contains(id) }

  private static let aboutIntegrity: [ID] = [
    .auditIncomplete, .imageLostWrites, .imageNulFiles, .imageTwinsDiffer, .imageNotVerified, .imageUnreadable,
    .partitionUnreadable,
    .targetUnreadable,
    .imageChangedWhileReading, .labelMissing,
  ]
  private static let unknowns: [ID] = [
    .imageNotVerified,
    .labelMissing, .imageUnreadable, .partitionUnreadable, .partitionNotSearched, .targetUnreadable,
    .upgradeRunning, .upgradeSpaceUnknown, .auditIncomplete,
  ]
}

extension Finding: Comparable {
  /// Worst first.
  public static func < (left: Finding, right: Finding) -> Bool {
    if left.severity != right.severity { return left.severity > right.severity }
    return (left.id.rawValue, left.target, left.message) < (right.id.rawValue, right.target, right.message)
  }
}

/// The answer in one word. The exit code of `check`, `plan` and `verify` follows it.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  case ok, warning, critical, unknown

  /// Worse is greater.
  public static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .ok: 0
    case .warning: 1
    case .unknown: 2
    case .critical: 3
    }
  }

  /// Critical, then unknown, then warning; what is ignored does not count.
  public static func worst(of findings: [Finding]) -> Verdict {
    findings.filter { $0.ignored != true }.map { finding in
      if finding.severity == .critical { return .critical }
      if finding.meansUnknown { return .unknown }
      return finding.severity == .warning ? .warning : .ok
    }.max() ?? .ok
  }

  /// 0 ok, 1 warning, 2 critical, 3 unknown.
  public var exitCode: Int32 {
    switch self {
    case .ok: 0
    case .warning: 1
    case .critical: 2
    case .unknown: 3
    }
  }
}
