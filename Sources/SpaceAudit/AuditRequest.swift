import LinuxStorage
import SpaceModel
import SpaceReport
import UpgradeProjection

/// What to audit, and how.
public struct AuditRequest: Sendable {
  public var sysroot = Sysroot()
  /// What the node is called; `nil`: as its root says.
  public var nodeName: String?
  /// Filesystem labels asked for by name; empty: those of all built-in profiles.
  public var labels: [String] = []
  public var devices: [FilePath] = []
  /// Raw disk or filesystem images, read offline.
  public var disks: [FilePath] = []
  /// Single image files, wherever they lie.
  public var images: [FilePath] = []
  /// Every filesystem, and every one searched for images.
  public var all = false
  /// Open also devices that can hang.
  public var allDevices = false
  public var depth = SurveyDepth()
  /// What an image must give back to be worth a warning; `nil`: the default.
  public var warnReclaimable: SizeThreshold?
  /// Which upgrade is projected.
  public var upgrade = UpgradeChoice()

  public init() {}

  /// Nothing was named but perhaps labels: the machine itself is audited.
  var isMachine: Bool { devices.isEmpty && disks.isEmpty && images.isEmpty }

  /// Labels that some built-in profile keeps its partitions under.
  public static let profileLabels: Set<String> = [
    "COS_GRUB", "COS_OEM", "COS_RECOVERY", "COS_STATE", "COS_PERSISTENT", "HARV_LH_DEFAULT",
  ]
  /// Those that hold OS images, and are searched for them.
  static let imageLabels: Set<String> = ["COS_STATE", "COS_RECOVERY"]

  func isWanted(_ label: String?) -> Bool {
    guard labels.isEmpty else { return label.map(labels.contains) ?? false }
    return label.map(Self.profileLabels.contains) ?? false
  }

  func isSearched(_ label: String?) -> Bool {
    all || label.map { Self.imageLabels.contains($0) || labels.contains($0) } ?? false
  }
}

/// How an audit is watched and stopped. All closures may be called from any thread.
public struct AuditMonitor: Sendable {
  /// Asked often; `true` ends the audit.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// More data was found that will be read.
  public var onPlan: @Sendable (UInt64) -> Void = { _ in }
  /// Data was read.
  public var onRead: @Sendable (UInt64) -> Void = { _ in }
  /// What is being looked at now.
  public var onStage: @Sendable (String) -> Void = { _ in }
  /// What is known after each partition, as a report; `nil`: nobody asks.
  public var onSurveyed: (@Sendable (Report) -> Void)?

  public init() {}
}

/// What an audit gives.
public struct AuditOutcome: Sendable {
  public var report: Report
  /// The upgrade that was projected, its payload counted for what was found.
  public var upgrade: UpgradeChoice
  /// What was asked for by name and could not be done.
  public var failures: [StorageError]
  /// Nothing that was named was left unmeasured.
  public var isComplete: Bool
  /// What the report was made from.
  let node: SurveyedNode
}
