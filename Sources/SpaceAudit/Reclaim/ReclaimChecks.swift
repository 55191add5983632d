import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// What stands against digging holes into an image, and who has it open.
struct ReclaimChecks {
  let sysroot: Sysroot
  let forced: Set<ReclaimObjection.Reason>
  private let scan: LiveScan
  private let mounts: MountTable

  init(sysroot: Sysroot, forced: Set<ReclaimObjection.Reason>) {
    self.sysroot = sysroot
    self.forced = forced
    scan = LiveScanner(sysroot: sysroot, prober: NoProber()).scan()
    mounts = sysroot.mountTable()
  }

  /// What was found of one image.
  struct Findings {
    var objections: [ReclaimObjection] = []
    /// Loop devices on it, none of which can write.
    var readOnlyLoop: String?
    var notes: [String] = []

    var isRefused: Bool { objections.contains { !$0.forced } }
  }

  func objection(_ reason: ReclaimObjection.Reason, _ message: String) -> ReclaimObjection {
    ReclaimObjection(reason, message, forced: forced.contains(reason))
  }

  /// The block device a filesystem lies on, with its mounts as the node has them.
  func partition(of mount: Mount) -> ScannedPartition {
    let known = scan.partitions.first { partition in
      partition.deviceNumber == mount.device || partition.mounts.contains { $0.device == mount.device }
    }
    if let known { return known }
    var unknown = ScannedPartition(device: mount.source)
    unknown.filesystemType = mount.filesystemType
    unknown.mounts = mounts.mounts.filter { $0.device == mount.device }
    unknown.isLocal = false
    return unknown
  }

  /// Deleted files of the filesystem that something still holds, with who does.
  func deletedButOpen(on mount: Mount) -> [String] { inUse(mount).findings.map(\.message) }

  private func inUse(_ mount: Mount) -> InUseIndex {
    let partition = partition(of: mount)
    return InUseIndex(
      partition: partition, name: partition.device.display, scan: scan, sysroot: sysroot, mounts: mounts)
  }

  /// Everything but the image's content. Nothing of it is kept open.
  ///
  /// - Throws: ``StorageError`` where the image cannot be opened.
  func findings(for target: ReclaimTarget) throws(StorageError) -> Findings {
    var findings = Findings()
    let file = try target.open()
    if let flags = InodeFlags.of(file), flags.isImmutable || flags.isAppendOnly {
      findings.objections.append(
        objection(.immutable, "it is \(flags.isImmutable ? "immutable" : "append-only") (chattr)"))
    }
    let holder = inUse(target.mount).holder(of: target.status)
    if let holder, holder.writable {
      findings.objections.append(objection(.writing, "\(holder.by) is on it and can write to it"))
    } else if let holder {
      findings.readOnlyLoop = holder.by
      findings.notes.append("\(holder.by) reads it, and cannot write to it.")
    }
    let proc = NodeProcesses(sysroot).proc
    for opener in FileOpeners(
      of: target.status, at: target.place, mounts: Sysroot.ownMountTable(), proc: proc
    ).openers {
      findings.objections.append(
        objection(
          opener.writes ? .writing : .open, "\(opener.words) has it open\(opener.writes ? " for writing" : "")"))
    }
    let evidence = UpgradeEvidence(
      scan: scan, mounts: mounts, devices: [target.mount.device], sysroot: sysroot)
    for clause in evidence.clauses {
      findings.objections.append(objection(.upgrade, "an upgrade is running: \(clause)"))
    }
    return findings
  }

  /// Whether the image shows that something in it is lost.
  ///
  /// - Returns: `nil` where nothing does, or where a dig that was broken off explains it: digging goes from the front to
  ///   the back, so all that is left of the zeros lies behind all that is gone.
  /// - Throws: ``StorageError`` `.cancelled` only.
  func damage(
    in file: LiveFile, _ plan: ReclaimPlan, _ monitor: AuditMonitor
  ) throws(StorageError) -> ReclaimObjection? {
    var zeros = ZeroRanges()
    for segment in plan.zeroSegments { zeros.add(segment) }
    let whole = try IntegrityCheck.verify(file, map: plan.map, zeros: zeros, monitor: monitor).integrity
    guard whole.state == .damaged || whole.state == .suspect else { return nil }
    let quick = try IntegrityCheck.verify(file, map: plan.map, zeros: nil, monitor: monitor).integrity
    if quick.state != .damaged, quick.state != .suspect, let last = whole.lostRegions?.last?.last,
      let first = zeros.ranges.first, last <= Int64(clamping: first.start)
    {
      return nil
    }
    let reason = whole.reason.hasSuffix(".") ? String(whole.reason.dropLast()) : whole.reason
    return objection(.damaged, "verify calls it \(whole.state.rawValue), and digging destroys the evidence: \(reason)")
  }
}
