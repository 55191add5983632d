import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// Runs an audit: scan, find images, map, scan for zeros, look inside, report. Reads only.
public struct Auditor {
  let request: AuditRequest
  let monitor: AuditMonitor
  let prober: any DeviceProber
  /// Surveys unmounted devices in a child process; `nil`: in this one (tests, and the child itself).
  let worker: DeviceWorker?

  var surveys: [PartitionSurvey] = []
  var findings: [Finding] = []
  var limits: [Limit] = []
  private var failures: [StorageError] = []
  var host: Report.Host?
  /// How this machine was booted; `nil` where it is not what is audited, or nothing tells.
  var bootState: BootState?
  /// Whether an upgrade is writing to what is audited; `nil` where that cannot be known: another machine's disk, or
  /// processes that are not seen.
  var isUpgradeRunning: Bool?
  /// An image that was named could not be read, in whole or in part.
  var imageIsUnreadable = false

  private var stamp: (tool: Report.Tool, generatedAt: String)?

  public init(
    _ request: AuditRequest, monitor: AuditMonitor = AuditMonitor(), prober: any DeviceProber = ChildProber(),
    worker: DeviceWorker? = DeviceWorker()
  ) {
    var request = request
    request.depth.isOfRunningKernel = request.sysroot.isOfRunningKernel
    self.request = request
    self.monitor = monitor
    self.prober = prober
    self.worker = worker
  }

  /// - Parameters:
  ///   - generatedAt: RFC 3339, for the report.
  /// - Throws: ``StorageError`` `.cancelled` only; everything else is in the outcome.
  public mutating func run(tool: Report.Tool, generatedAt: String) throws(StorageError) -> AuditOutcome {
    stamp = (tool, generatedAt)
    try checkEvidence()
    if request.isMachine { try auditMachine() }
    for device in unique(request.devices) {
      try attempt(device, .targetUnreadable) { (audit) throws(StorageError) in try audit.auditDevice(device) }
    }
    for disk in unique(request.disks) {
      try attempt(disk, .targetUnreadable) { (audit) throws(StorageError) in try audit.auditDisk(disk) }
    }
    if !request.images.isEmpty { try auditImages() }
    checkLabels()
    var node = surveyed
    do throws(StorageError) { try node.choice.cover(node.partitions) } catch { failures.append(error) }
    let report = node.report(tool: tool, generatedAt: generatedAt)
    return AuditOutcome(
      report: report, upgrade: node.choice, failures: failures,
      isComplete: failures.isEmpty && !namedIsUnreadable(report.findings), node: node)
  }

  /// What was found so far.
  private var surveyed: SurveyedNode {
    SurveyedNode(
      host: hostOfImages(on: host), boot: bootState, isUpgradeRunning: isUpgradeRunning,
      partitions: surveys.map(\.partition), findings: findings + surveys.flatMap(\.findings),
      limits: limits + surveys.flatMap(\.limits), choice: request.upgrade, warnReclaimable: request.warnReclaimable,
      // An image that was named says nothing of what else its filesystem holds.
      isProjected: request.images.isEmpty, sysroot: request.sysroot.pathIfElsewhere)
  }

  mutating func add(_ survey: PartitionSurvey) {
    surveys.append(survey)
    guard let tell = monitor.onSurveyed, let stamp else { return }
    tell(surveyed.report(tool: stamp.tool, generatedAt: stamp.generatedAt))
  }

  /// A disk's node is what its active image says, else its passive one. A recovery image keeps the release that was
  /// installed first.
  ///
  /// - Parameter machine: What this machine's own root says; what it does not say of a device that was named, the images
  ///   on it do.
  private func hostOfImages(on machine: Report.Host?) -> Report.Host {
    let ranked = surveys.filter { !$0.osRelease.isEmpty }.map { survey -> (rank: Int, survey: PartitionSurvey) in
      let roles = Set((survey.partition.images ?? []).map(\.role))
      return (roles.contains(.active) ? 0 : roles.contains(.passive) ? 1 : roles.contains(.recovery) ? 3 : 2, survey)
    }
    let best = ranked.min { $0.rank < $1.rank }?.survey
    var inside = HostDetection.host(ofImage: best?.osRelease ?? [:], architecture: best?.architecture)
    inside.nodeName = request.nodeName
    guard var host = machine else { return inside }
    host.nodeName = request.nodeName ?? host.nodeName
    // A program of the installed system says for certain what the machine runs.
    if let architecture = inside.architecture { host.architecture = architecture }
    if host.product == nil, inside.product != nil {
      (host.osID, host.osName) = (inside.osID, inside.osName)
      (host.product, host.productVersion) = (inside.product, inside.productVersion)
    }
    return host
  }

  /// One target that fails does not keep the others from being looked at.
  mutating func attempt(
    _ target: FilePath, _ id: Finding.ID, _ body: (inout Auditor) throws(StorageError) -> Void
  ) throws(StorageError) {
    do throws(StorageError) { try body(&self) } catch {
      if error.code == .cancelled { throw error }
      failures.append(error)
      findings.append(
        Finding(id, .warning, target: target.display, message: Finding.sentence(error), remedy: error.hint))
      limits.append(Limit("target-not-measured", error.summary))
    }
  }

  /// Whether something that was named, rather than found, could not be read. What it says is in the report.
  private func namedIsUnreadable(_ findings: [Finding]) -> Bool {
    imageIsUnreadable || findings.contains { $0.id == .partitionUnreadable && !request.isMachine }
  }

  /// Each file or device once, by whatever paths it was named.
  func unique(_ paths: [FilePath]) -> [FilePath] {
    guard paths.count > 1 else { return paths }
    var seen: Set<[UInt64]> = []
    return paths.filter { path in
      guard let status = FileStatus.of(path) else { return true }
      let isDevice = status.kind == .blockDevice
      return seen.insert(isDevice ? [status.specialDevice] : [status.device, status.inode]).inserted
    }
  }

  func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
    guard elements.count > 1 else { return elements }
    var seen: Set<Element> = []
    return elements.filter { seen.insert($0).inserted }
  }

  // MARK: Labels

  private mutating func checkLabels() {
    let present = Set(surveys.compactMap(\.partition.filesystemLabel))
    for label in request.labels where !present.contains(label) {
      failures.append(.labelNowhere(label))
      findings.append(
        Finding(
          .labelMissing, .warning, target: DisplayText.escaped(label),
          message: "No filesystem that could be looked at carries this label.", remedy: listing))
    }
    guard request.labels.isEmpty, !request.all, request.isMachine || !request.disks.isEmpty, failures.isEmpty else {
      return
    }
    // What was started from the EFI partition has none of these.
    if bootState?.mode == .uki { return }
    let isBareDisk = !request.isMachine && surveys.contains { $0.partition.images != nil }
    if present.isDisjoint(with: AuditRequest.profileLabels), !isBareDisk {
      findings.append(
        Finding(
          .labelMissing, .warning, target: "COS_STATE",
          message: "No filesystem carries a label that Harvester, Elemental or Kairos use (COS_STATE and the like): "
            + "this may not be such a node.",
          remedy: listing))
    }
  }

  /// The command that shows what there is to choose from.
  private var listing: String {
    let targets =
      request.disks.map { " --disk " + ShellQuote.quoted($0) }
      + request.devices.map { " --device " + ShellQuote.quoted($0) }
    let root = request.sysroot.isHost ? "" : " --sysroot " + ShellQuote.quoted(request.sysroot.path)
    return "headroom partitions" + root + targets.joined()
  }
}
