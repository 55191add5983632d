import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// Digs holes into images where they hold zeros: finds them, checks what stands against it, plans, and with
/// ``ReclaimRequest/applies`` punches.
///
/// Without that nothing is written. The safety argument is in docs/reclaim.md.
public struct Reclaimer {
  let request: ReclaimRequest
  let monitor: AuditMonitor
  let checks: ReclaimChecks
  let lookup: ClusterLookup
  let tool: Report.Tool
  var outcome: ReclaimOutcome

  /// - Parameters:
  ///   - tool: Name and version, for the report.
  ///   - generatedAt: RFC 3339.
  public init(
    _ request: ReclaimRequest, monitor: AuditMonitor = AuditMonitor(), tool: Report.Tool, generatedAt: String
  ) {
    self.request = request
    self.monitor = monitor
    self.tool = tool
    checks = ReclaimChecks(sysroot: request.sysroot, forced: request.forced)
    lookup = ClusterLookup(sysroot: request.sysroot)
    outcome = ReclaimOutcome(
      report: ReclaimReport(
        generatedAt: generatedAt, toolName: tool.name, toolVersion: tool.version, applied: request.applies))
  }

  /// An image with what is known of it.
  struct Subject {
    let target: ReclaimTarget
    var plan: ReclaimPlan?
    var findings = ReclaimChecks.Findings()
    /// Of the content, with ``ReclaimRequest/verifies``.
    var checksum: ReclaimChecksum?
    var image: ReclaimReport.Image
  }

  /// - Returns: What was found and done. Failures of single images are in it.
  /// - Throws: ``StorageError`` `.cancelled` where it was stopped before anything was written.
  public mutating func run() throws(StorageError) -> ReclaimOutcome {
    var groups: [(mount: Mount, subjects: [Subject])] = []
    for target in try targets() {
      let subject = try subject(target)
      if let index = groups.firstIndex(where: { $0.mount.device == target.mount.device }) {
        groups[index].subjects.append(subject)
      } else {
        groups.append((target.mount, [subject]))
      }
    }
    for group in groups { finish(group.mount, group.subjects) }
    return outcome
  }

  // MARK: Finding

  private mutating func targets() throws(StorageError) -> [ReclaimTarget] {
    var targets: [ReclaimTarget] = []
    for path in request.images {
      do throws(StorageError) {
        targets.append(try ReclaimTarget(path, sysroot: request.sysroot))
      } catch {
        outcome.failures.append(error)
      }
    }
    for label in request.labels { targets += try self.targets(labelled: label) }
    // Hard links and repetitions are one file.
    var seen: Set<[UInt64]> = []
    return targets.filter { seen.insert([$0.status.device, $0.status.inode]).inserted }
  }

  private mutating func targets(labelled label: String) throws(StorageError) -> [ReclaimTarget] {
    var audit = AuditRequest()
    audit.sysroot = request.sysroot
    audit.labels = [label]
    audit.depth.readsData = false
    audit.depth.verification = .none
    monitor.onStage("looking for images on \(label)")
    var watch = AuditMonitor()
    watch.isCancelled = monitor.isCancelled
    var auditor = Auditor(audit, monitor: watch)
    let found = try auditor.run(tool: tool, generatedAt: outcome.report.generatedAt)
    outcome.failures += found.failures
    var targets: [ReclaimTarget] = []
    for partition in found.report.partitions where partition.filesystemLabel == label {
      // Of several filesystems with one label only the one that counts is searched.
      guard let images = partition.images else { continue }
      guard let mountpoint = partition.wholeMountpoint else {
        outcome.failures.append(
          StorageError(
            .notFound, operation: "dig holes on", path: partition.device, message: "it is not mounted as a whole",
            hint: "Mount it; holes are dug through the filesystem, not behind its back."))
        continue
      }
      for image in images where image.hardLinkOf == nil && image.role != .transition {
        do throws(StorageError) {
          let path = mountpoint.appending(image.path)
          targets.append(try ReclaimTarget(path, sysroot: request.sysroot, isNodes: true))
        } catch {
          outcome.failures.append(error)
        }
      }
    }
    return targets
  }

  // MARK: Planning

  /// Reads an image. What fails is part of the answer; nothing stays open.
  private mutating func subject(_ target: ReclaimTarget) throws(StorageError) -> Subject {
    var subject = Subject(target: target, image: ReclaimReport.Image(path: target.path))
    subject.image.allocatedBefore = ByteCount(clamping: target.status.allocated)
    monitor.onStage(target.path.display)
    monitor.onPlan(target.status.allocated.addingClamped(request.applies && request.verifies ? target.status.size : 0))
    do throws(StorageError) {
      let lookup = lookup
      let file = try LiveFile(try target.open()) { lookup.clusterSize(of: $0) }
      var planner = ReclaimPlanner()
      planner.shortestRun = request.shortestRun
      planner.isCancelled = monitor.isCancelled
      planner.onRead = monitor.onRead
      let plan = try planner.plan(file)
      subject.plan = plan
      subject.image.take(plan)
      if let error = plan.readError { subject.image.notes = ["Not all of it could be read: \(error.message)."] }
      guard !plan.ranges.isEmpty else { return subject }
      subject.image.state = .planned
      subject.findings = try checks.findings(for: target)
      if !request.applies, subject.findings.objections.isEmpty, FileLease.isOpenForWriting(try target.open()) == true {
        subject.findings.objections.append(
          checks.objection(.writing, "somebody who cannot be seen has it open for writing"))
      }
      if let damage = try checks.damage(in: file, plan, monitor) { subject.findings.objections.append(damage) }
      if request.applies, request.verifies, !subject.findings.isRefused {
        let monitor = monitor
        subject.checksum = try ReclaimChecksum(
          size: plan.status.size, path: target.path, isCancelled: monitor.isCancelled
        ) { (buffer, offset) throws(StorageError) in
          let got = try file.readQuietly(into: buffer, at: offset)
          monitor.onRead(UInt64(got))
          return got
        }
      }
    } catch {
      if error.code == .cancelled { throw error }
      subject.plan = nil
      subject.image.state = .failed
      outcome.failures.append(error)
    }
    return subject
  }

  // MARK: One filesystem

  /// Says, or does, what is to be done on one filesystem.
  private mutating func finish(_ mount: Mount, _ planned: [Subject]) {
    var subjects = planned
    for index in subjects.indices where subjects[index].image.state == .planned {
      subjects[index].image.objections = subjects[index].findings.objections
      let notes = subjects[index].findings.notes
      if !notes.isEmpty { subjects[index].image.notes = (subjects[index].image.notes ?? []) + notes }
      guard let objection = subjects[index].findings.objections.first(where: { !$0.forced }) else { continue }
      subjects[index].image.state = .refused
      outcome.failures.append(.refused(subjects[index].target.path, objection))
    }
    noteShared(&subjects)
    let scanned = checks.partition(of: mount)
    let remount = Remount.of(mount.mountpoint)
    var filesystem = ReclaimReport.Filesystem(
      device: scanned.device, isMountedReadOnly: remount?.isReadOnly ?? mount.isReadOnly, freeBefore: free(subjects))
    filesystem.label = scanned.filesystemLabel
    filesystem.type = mount.filesystemType
    filesystem.mountpoint = request.sysroot.nodePath(mount.mountpoint) ?? mount.mountpoint
    let deleted = checks.deletedButOpen(on: mount)
    if !deleted.isEmpty { filesystem.notes = deleted }
    let projection = projection(of: filesystem)
    filesystem.projectionsBefore = projection?.now
    if request.applies, subjects.contains(where: { $0.image.state == .planned }) {
      apply(mount, remount, &subjects, &filesystem)
      filesystem.images = subjects.map(\.image)
      if !monitor.isCancelled(), subjects.contains(where: { ($0.image.punchedBytes ?? .zero) > .zero }) {
        filesystem.projectionsAfter = self.projection(of: filesystem)?.now
      }
    } else {
      filesystem.images = subjects.map(\.image)
      let below = subjects.filter { $0.image.state == .planned }.compactMap { subject -> (FilePath, ByteCount)? in
        guard let path = subject.target.place.relative(to: mount.mountpoint) else { return nil }
        return (FilePath(bytes: mount.root.appending(path).bytes.drop { $0 == UInt8(ascii: "/") }), subject.image.gain)
      }
      if !below.isEmpty { filesystem.projectionsAfter = projection?.after(Dictionary(below) { $1 }) }
    }
    outcome.report.filesystems.append(filesystem)
  }

  /// Says of each image which others keep zeros of it from being given back.
  private func noteShared(_ subjects: inout [Subject]) {
    let shared = subjects.map { subject in subject.plan.map { SharedZeros($0, of: subject.target.path) } }
    for (index, own) in shared.enumerated() {
      let others = shared.enumerated().filter { $0.offset != index }.compactMap(\.element)
      guard let notes = own?.notes(beside: others), !notes.isEmpty else { continue }
      subjects[index].image.notes = (subjects[index].image.notes ?? []) + notes
    }
  }

  func free(_ subjects: [Subject]) -> ByteCount {
    for subject in subjects {
      guard let file = try? subject.target.open(), let statistics = try? FilesystemStatistics.of(file) else { continue }
      return ByteCount(clamping: statistics.free)
    }
    return .zero
  }

  /// `nil` for a filesystem that no upgrade is about, or where the run is stopped.
  private func projection(of filesystem: ReclaimReport.Filesystem) -> ReclaimProjection? {
    guard let label = filesystem.label, AuditRequest.imageLabels.contains(label) || request.labels.contains(label)
    else { return nil }
    return try? ReclaimProjection(
      device: filesystem.device, sysroot: request.sysroot, upgrade: request.upgrade, tool: tool,
      generatedAt: outcome.report.generatedAt, monitor: monitor)
  }
}

extension ReclaimReport.Image {
  fileprivate mutating func take(_ plan: ReclaimPlan) {
    zeroBytes = ByteCount(clamping: plan.zeroBytes)
    unitBytes = ByteCount(clamping: plan.unit.bytes)
    rangeCount = Int64(plan.ranges.count)
    rangeBytes = ByteCount(clamping: plan.rangeBytes)
    reclaimable = ByteCount(clamping: plan.reclaimable)
    gain = ByteCount(clamping: plan.gain)
    leastGain = ByteCount(clamping: plan.leastGain)
    reasons = plan.reasons.isEmpty ? nil : plan.reasons
  }
}
