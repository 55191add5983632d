import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import SpaceModel
import SpaceReport

/// One image of a partition, measured, looked into, and verified where that was asked for.
extension PartitionSurvey {
  struct Measured {
    var usage: ImageUsage
    var map: ExtentMap?
    var osRelease: [String: String] = [:]
  }

  /// A bad image is a finding; the others go on. Only a cancelled audit throws.
  mutating func measure(
    _ found: FoundImage, depth: SurveyDepth, monitor: AuditMonitor
  ) throws(StorageError) -> Measured {
    do throws(StorageError) {
      let source = try found.entry.open()
      return try measure(source, found, depth: depth, monitor: monitor)
    } catch {
      if error.code == .cancelled { throw error }
      let usage = ImageUsage(
        path: found.entry.path, role: found.role, apparentBytes: ByteCount(clamping: found.entry.status.size),
        allocatedBytes: ByteCount(clamping: found.entry.status.allocated), mapSource: .blocks)
      findings.append(.unreadable(usage, on: partition, error))
      return Measured(usage: usage)
    }
  }

  private mutating func measure(
    _ source: any ImageSource, _ found: FoundImage, depth: SurveyDepth, monitor: AuditMonitor
  ) throws(StorageError) -> Measured {
    var analyzer = ImageAnalyzer()
    analyzer.readsData = depth.readsData
    analyzer.isCancelled = monitor.isCancelled
    analyzer.onRead = monitor.onRead
    let measurement = try analyzer.measure(source)
    var usage = measurement.usage(path: found.entry.path, role: found.role)
    let inside = InnerInspection.of(source)
    usage.inner = inside.filesystem
    usage.os = inside.os
    if let freeRuns = inside.freeRuns, measurement.map.source != .blocks {
      usage.inner?.staleBytes = ByteCount(clamping: InnerOverlap.allocated(freeRuns, in: measurement.map))
    }
    if !depth.readsData, let freeRuns = inside.freeRuns, measurement.map.source != .blocks {
      let spare = ByteRange.union(freeRuns + inside.idleRuns)
      let estimate = InnerOverlap.reclaimable(spare, in: measurement, of: source)
      usage.reclaimableBytes = ByteCount(clamping: estimate.bytes)
      if !estimate.reasons.isEmpty { usage.reclaimableReasons = estimate.reasons }
      usage.reclaimableBasis = .estimate
    }
    let verification = ImageVerification(role: found.role, isNamed: found.isNamed, depth: depth)
    if let check = try verification.run(source, measurement.map, inside, monitor: monitor) {
      usage.integrity = check.integrity
      if depth.verification == .whole || depth.kernelLog != nil || depth.isOfRunningKernel {
        subjects.append(
          SecondEvidence.Subject(
            path: usage.path, role: found.role, isNamed: found.isNamed,
            filesystemType: inside.filesystem?.filesystemType, os: inside.os, source: source,
            holes: measurement.map.holes, survey: check))
      }
    }
    note(measurement, usage, inside)
    return Measured(usage: usage, map: measurement.map, osRelease: inside.osRelease)
  }

  private mutating func note(_ measurement: ImageMeasurement, _ usage: ImageUsage, _ inside: InnerInspection) {
    let target = partition.target(of: usage)
    if let error = measurement.readError, !measurement.changedWhileReading {
      findings.append(.unreadable(usage, on: partition, error))
    }
    if measurement.changedWhileReading {
      findings.append(
        Finding(
          .imageChangedWhileReading, .warning, target: target,
          message: "It changed while it was measured, so its figures may be of no single moment"
            + (measurement.readError.map { " (\($0.message))" } ?? "") + ".",
          remedy: "Measure again when nothing writes to it."))
    }
    if let failure = inside.failure, measurement.readError == nil {
      limits.append(Limit("inside-not-read", "\(target): \(failure.summary)"))
      // An OS image whose filesystem cannot be read is none a node could boot.
      if usage.role != .other || failure.code == .io { findings.append(.unreadable(usage, on: partition, failure)) }
    }
    if usage.mapSource == .blocks || usage.mapSource == .seek {
      limits.append(
        Limit(
          "map-source",
          "\(target): its filesystem gives no extent map; "
            + (usage.mapSource == .seek ? "holes are known by SEEK_HOLE alone." : "only its block count is known.")))
    } else if usage.metadataBytes == nil {
      limits.append(
        Limit(
          "metadata-not-told",
          "\(target): its filesystem does not account data and metadata apart (compressed or inline data)."))
    }
  }
}
