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

  private var surveys: [PartitionSurvey] = []
  private var findings: [Finding] = []
  private var limits: [Limit] = []
  private var failures: [StorageError] = []
  private var host: Report.Host?
  /// An image that was named could not be read, in whole or in part.
  private var imageIsUnreadable = false

  public init(
    _ request: AuditRequest, monitor: AuditMonitor = AuditMonitor(), prober: any DeviceProber = ChildProber(),
    worker: DeviceWorker? = DeviceWorker()
  ) {
    self.request = request
    self.monitor = monitor
    self.prober = prober
    self.worker = worker
  }

  /// - Parameters:
  ///   - generatedAt: RFC 3339, for the report.
  /// - Throws: ``StorageError`` `.cancelled` only; everything else is in the outcome.
  public mutating func run(tool: Report.Tool, generatedAt: String) throws(StorageError) -> AuditOutcome {
    if request.isMachine { try auditMachine() }
    for device in unique(request.devices) {
      try attempt(device, .targetUnreadable) { (audit) throws(StorageError) in try audit.auditDevice(device) }
    }
    for disk in unique(request.disks) {
      try attempt(disk, .targetUnreadable) { (audit) throws(StorageError) in try audit.auditDisk(disk) }
    }
    if !request.images.isEmpty { try auditImages() }
    checkLabels()
    let host = self.host ?? HostDetection.host(ofImage: surveys.first { !$0.osRelease.isEmpty }?.osRelease ?? [:])
    let rules = ImageRules(
      warnReclaimable: request.warnReclaimable, denseImagesExpected: host.product == "kairos")
    let partitions = surveys.map(\.partition)
    let found = findings + surveys.flatMap(\.findings) + partitions.flatMap(rules.findings(for:))
    let report = Report(
      generatedAt: generatedAt, tool: tool, host: host, limits: unique(limits + surveys.flatMap(\.limits)),
      partitions: partitions, findings: found)
    return AuditOutcome(report: report, failures: failures, isComplete: failures.isEmpty && !namedIsUnreadable(found))
  }

  /// One target that fails does not keep the others from being looked at.
  private mutating func attempt(
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

  private func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return elements.filter { seen.insert($0).inserted }
  }

  // MARK: Targets

  private mutating func auditMachine() throws(StorageError) {
    host = HostDetection.host(request.sysroot)
    monitor.onStage("scanning devices")
    let scanner = LiveScanner(sysroot: request.sysroot, prober: prober, allDevices: request.allDevices)
    let scan = scanner.scan()
    limits += scan.limits
    let mounts = request.sysroot.mountTable()
    var dropped: Set<FilePath> = []
    for label in Set(scan.partitions.compactMap(\.filesystemLabel)).sorted() where request.isWanted(label) {
      let choice = AmbiguousLabel.choice(label, scan: scan, sysroot: request.sysroot)
      if let finding = AmbiguousLabel.finding(choice) { findings.append(finding) }
      // All are shown; only the one that counts is searched for images.
      for other in choice.candidates where other.device != choice.resolution.chosen?.device {
        dropped.insert(other.device)
      }
    }
    for partition in scan.partitions where request.all || request.isWanted(partition.filesystemLabel) {
      let searched = request.isSearched(partition.filesystemLabel) && !dropped.contains(partition.device)
      try survey(partition, scan: scan, mounts: mounts, searched: searched)
    }
  }

  private mutating func auditDevice(_ path: FilePath) throws(StorageError) {
    if host == nil { host = HostDetection.host(request.sysroot) }
    monitor.onStage(path.display)
    let scanner = LiveScanner(sysroot: request.sysroot, prober: prober, allDevices: true)
    let scan = try scanner.probeExplicit(path)
    limits += scan.limits
    guard !scan.partitions.isEmpty else {
      throw StorageError(
        .unsupported, operation: "find a partition on", path: path,
        message: "it holds neither a partition table nor a filesystem that is known")
    }
    let mounts = request.sysroot.mountTable()
    let isWhole = scan.partitions.count == 1 && scan.partitions[0].partitionNumber == nil
    for partition in scan.partitions where request.labels.isEmpty || request.isWanted(partition.filesystemLabel) {
      let named = isWhole || partition.device == path || scan.partitions.count == 1
      try survey(
        partition, scan: scan, mounts: mounts, searched: named || request.isSearched(partition.filesystemLabel),
        isNamed: true)
    }
  }

  private mutating func survey(
    _ partition: ScannedPartition, scan: LiveScan, mounts: MountTable, searched: Bool, isNamed: Bool = false
  ) throws(StorageError) {
    if monitor.isCancelled() { throw .cancelledAudit }
    // A mount that was asked for by its label is read, whatever it lies on. Else what can hang is not touched.
    let isMeant = isNamed || request.allDevices || (partition.isMounted && request.isWanted(partition.filesystemLabel))
    if !partition.isLocal, !isMeant {
      addUnreadable(partition, .notTouched(partition.device), searched: searched)
    } else if partition.isMounted {
      try surveyMounted(partition, scan: scan, mounts: mounts, searched: searched)
    } else {
      try surveyUnmounted(partition, searched: searched)
    }
  }

  private mutating func surveyMounted(
    _ scanned: ScannedPartition, scan: LiveScan, mounts: MountTable, searched: Bool
  ) throws(StorageError) {
    do throws(StorageError) {
      let mounted = try MountedPartition(scanned, sysroot: request.sysroot)
      var survey = PartitionSurvey(mounted.figures())
      if let failure = mounted.superblockFailure {
        survey.limits.append(
          Limit(
            "superblock-not-read",
            "\(survey.partition.name): its features and cluster size are not known: \(failure.summary)."))
      }
      if searched {
        let inUse = InUseIndex(
          partition: scanned, name: survey.partition.name, scan: scan, sysroot: request.sysroot, mounts: mounts)
        try survey.searchImages(of: mounted.tree(mounts), inUse: inUse, quick: request.quick, monitor: monitor)
      }
      surveys.append(survey)
    } catch {
      if error.code == .cancelled { throw error }
      addUnreadable(scanned, error, searched: searched)
    }
  }

  private mutating func surveyUnmounted(_ scanned: ScannedPartition, searched: Bool) throws(StorageError) {
    // What was not opened for probing is not opened now.
    guard scanned.filesystemType != nil || searched else { return }
    do throws(StorageError) {
      if let worker {
        surveys.append(try worker.survey(scanned, searched: searched, quick: request.quick, request, monitor))
      } else {
        let path = request.sysroot.resolve(device: scanned.container)
        let file = try ReadOnlyFile.open(path, expecting: .regularFileOrBlockDevice, shown: scanned.container)
        surveys.append(
          try Self.survey(scanned, in: FileSource(file), searched: searched, quick: request.quick, monitor: monitor))
      }
    } catch {
      if error.code == .cancelled { throw error }
      addUnreadable(scanned, error, searched: searched)
    }
  }

  private mutating func addUnreadable(_ scanned: ScannedPartition, _ error: StorageError, searched: Bool) {
    var partition = Partition(
      device: scanned.device, state: scanned.isMounted ? .mounted : .offline,
      mountpoints: Array(Set(scanned.mounts.map(\.mountpoint))).sorted())
    partition.describe(scanned)
    var survey = PartitionSurvey(partition)
    survey.limits.append(Limit("partition-not-read", error.summary))
    if searched { survey.findings.append(.unreadable(partition, error)) }
    surveys.append(survey)
  }

  static func survey(
    _ scanned: ScannedPartition, in container: any ByteSource, searched: Bool, quick: Bool, monitor: AuditMonitor
  ) throws(StorageError) -> PartitionSurvey {
    let whole = ByteRange(start: 0, end: container.size)
    let range = (scanned.range ?? whole).intersection(whole) ?? ByteRange(start: 0, end: 0)
    let source = range == whole ? container : SourceSlice(of: container, range: range, path: scanned.device)
    return try UnmountedPartition(scanned: scanned, source: source)
      .survey(searched: searched, quick: quick, monitor: monitor)
  }

  private mutating func auditDisk(_ path: FilePath) throws(StorageError) {
    // Asking for its status opens nothing; a device is opened in a child.
    if FileStatus.of(path)?.kind == .blockDevice { return try auditDevice(path) }
    let file = try ReadOnlyFile.open(path, expecting: .regularFileOrBlockDevice)
    let status = try file.status()
    monitor.onStage(path.display)
    let layout = try DiskImageScanner.scan(file)
    limits += layout.limits
    guard !layout.partitions.isEmpty else { throw .nothingIn(path, size: status.size) }
    findings += AmbiguousLabel.findings(in: layout.partitions.filter { request.isWanted($0.filesystemLabel) })
    let source = try FileSource(file)
    let isBare = layout.tableType == nil
    for partition in layout.partitions where request.labels.isEmpty || request.isWanted(partition.filesystemLabel) {
      if monitor.isCancelled() { throw .cancelledAudit }
      guard
        partition.filesystemType != nil || partition.partitionLabel != nil || partition.isAmbivalent
          || partition.isTruncated
      else { continue }
      surveys.append(
        try Self.survey(
          partition, in: source, searched: isBare || request.isSearched(partition.filesystemLabel),
          quick: request.quick, monitor: monitor))
    }
  }

  private mutating func auditImages() throws(StorageError) {
    if host == nil { host = HostDetection.host(request.sysroot) }
    let scan = LiveScanner(sysroot: request.sysroot, prober: NoProber()).scan()
    let mounts = request.sysroot.mountTable()
    var filesystems: [[ImageFile]] = []
    for path in unique(request.images) {
      try attempt(path, .targetUnreadable) { (audit) throws(StorageError) in
        let image = try ImageFile(path, sysroot: audit.request.sysroot)
        if let index = filesystems.firstIndex(where: { $0[0].status.device == image.status.device }) {
          filesystems[index].append(image)
        } else {
          filesystems.append([image])
        }
      }
    }
    for files in filesystems {
      let survey = try NamedImages(files, scan: scan, mounts: mounts, sysroot: request.sysroot)
        .survey(quick: request.quick, monitor: monitor)
      if survey.findings.contains(where: { $0.id == .imageUnreadable }) { imageIsUnreadable = true }
      surveys.append(survey)
    }
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
    return "headroom partitions" + targets.joined()
  }
}

extension StorageError {
  static func nothingIn(_ disk: FilePath, size: UInt64) -> StorageError {
    StorageError(
      .unsupported, operation: "find a partition in", path: disk,
      message: size == 0 ? "it is empty" : "it holds neither a partition table nor a filesystem that is known",
      hint: "Name a raw image of a disk, a partition or a filesystem; qcow2 and the like must be converted first.")
  }

  static func labelNowhere(_ label: String) -> StorageError {
    StorageError(
      .notFound, operation: "find a filesystem labelled", path: FilePath(label),
      message: "nothing that could be looked at carries that label",
      hint: "List all with `headroom partitions`; --all-devices opens devices that are left alone otherwise.")
  }

  static func notTouched(_ device: FilePath) -> StorageError {
    StorageError(
      .unsupported, operation: "read", path: device, message: "it lies on a device that may never answer",
      hint: "Name it with --device, or use --all-devices.")
  }

  static let cancelledAudit = StorageError(
    .cancelled, operation: "audit", path: "", message: "it was cancelled")
}
