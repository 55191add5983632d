import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// The machine itself, and devices that were named.
extension Auditor {
  mutating func auditMachine() throws(StorageError) {
    host = HostDetection.host(request.sysroot)
    monitor.onStage("scanning devices")
    let scanner = LiveScanner(sysroot: request.sysroot, prober: prober, allDevices: request.allDevices)
    let scan = scanner.scan()
    limits += scan.limits
    let mounts = request.sysroot.mountTable()
    detectBoot(scan, mounts)
    var dropped: Set<FilePath> = []
    for label in Set(scan.partitions.compactMap(\.filesystemLabel)).sorted() where request.isWanted(label) {
      let choice = AmbiguousLabel.choice(label, scan: scan, sysroot: request.sysroot)
      if let finding = AmbiguousLabel.finding(choice) { findings.append(finding) }
      // All are shown; only the one that counts is searched for images.
      for other in choice.candidates where other.device != choice.resolution.chosen?.device {
        dropped.insert(other.device)
      }
    }
    for partition in scan.partitions
    where request.all || request.isWanted(partition.filesystemLabel) || isBootPartition(partition) {
      let searched = request.isSearched(partition.filesystemLabel) && !dropped.contains(partition.device)
      try survey(partition, scan: scan, mounts: mounts, searched: searched)
    }
  }

  /// - Parameter named: The partitions of a device that was named; `nil`: those an upgrade of the machine writes to.
  private mutating func detectBoot(_ scan: LiveScan, _ mounts: MountTable, named: [ScannedPartition]? = nil) {
    let wanted =
      named
      ?? scan.partitions.filter {
        request.isSearched($0.filesystemLabel) && (request.labels.isEmpty || request.isWanted($0.filesystemLabel))
      }
    let detection = BootStateDetection(
      scan: scan, mounts: mounts, devices: Set(wanted.flatMap { $0.mounts.map(\.device) }), sysroot: request.sysroot)
    bootState = detection.state
    isUpgradeRunning = detection.isUpgradeRunning
    limits += detection.limits
  }

  /// The EFI partition of a node that is started from it, whatever label it carries.
  private func isBootPartition(_ partition: ScannedPartition) -> Bool {
    guard bootState?.mode == .uki, request.labels.isEmpty, partition.filesystemType == "vfat" else { return false }
    let name = partition.partitionLabel?.lowercased() ?? ""
    return name.hasPrefix("efi") || name == "esp"
      || partition.mounts.contains { ["/efi", "/boot/efi", "/boot"].contains($0.mountpoint) }
  }

  mutating func auditDevice(_ path: FilePath) throws(StorageError) {
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
    // What is mounted here is this machine's own.
    let mounted = scan.partitions.filter { $0.isMounted && AuditRequest.imageLabels.contains($0.filesystemLabel ?? "") }
    if bootState == nil, !mounted.isEmpty { detectBoot(scan, mounts, named: mounted) }
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
      if mounted.mount.filesystemType == "btrfs" {
        survey.partition.layout = BtrfsLayout(mounts, device: mounted.mount.device, request.sysroot)?.layout
      }
      if searched {
        let inUse = InUseIndex(
          partition: scanned, name: survey.partition.name, scan: scan, sysroot: request.sysroot, mounts: mounts)
        try survey.searchImages(of: mounted.tree(mounts), inUse: inUse, depth: request.depth, monitor: monitor)
      }
      add(survey)
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
        add(try worker.survey(scanned, searched: searched, depth: request.depth, request, monitor))
      } else {
        let path = request.sysroot.resolve(device: scanned.container)
        let file = try ReadOnlyFile.open(path, expecting: .regularFileOrBlockDevice, shown: scanned.container)
        add(try Self.survey(scanned, in: FileSource(file), searched: searched, depth: request.depth, monitor: monitor))
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
    add(survey)
  }

  static func survey(
    _ scanned: ScannedPartition, in container: any ByteSource, searched: Bool, depth: SurveyDepth, monitor: AuditMonitor
  ) throws(StorageError) -> PartitionSurvey {
    let whole = ByteRange(start: 0, end: container.size)
    let range = (scanned.range ?? whole).intersection(whole) ?? ByteRange(start: 0, end: 0)
    let source = range == whole ? container : SourceSlice(of: container, range: range, path: scanned.device)
    return try UnmountedPartition(scanned: scanned, source: source)
      .survey(searched: searched, depth: depth, monitor: monitor)
  }
}
