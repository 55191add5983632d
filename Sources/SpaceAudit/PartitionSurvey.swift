import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import SpaceModel
import SpaceReport

/// One partition, looked at: its figures, its images, and what could not be read of them.
///
/// Codable, because an unmounted device is surveyed in a process of its own.
struct PartitionSurvey: Codable {
  var partition: Partition
  var findings: [Finding] = []
  var limits: [Limit] = []
  /// os-release(5) of the active image, else of the first that has one.
  var osRelease: [String: String] = [:]
  /// Of the system in that image, as uname(2) names it.
  var architecture: String?
  /// Images that were verified, until all are; no part of what a child hands over.
  private var subjects: [SecondEvidence.Subject] = []

  enum CodingKeys: CodingKey { case partition, findings, limits, osRelease, architecture }

  init(_ partition: Partition) { self.partition = partition }

  /// Finds and measures the images of a filesystem.
  ///
  /// - Throws: ``StorageError`` `.cancelled` only.
  mutating func searchImages(
    of tree: any FileTree, inUse: InUseIndex, depth: SurveyDepth, monitor: AuditMonitor
  ) throws(StorageError) {
    let search: ImageSearch
    do throws(StorageError) {
      search = try ImageSearch(tree, isCancelled: monitor.isCancelled)
    } catch {
      limits.append(Limit("partition-not-searched", error.summary))
      findings.append(.unreadable(partition, error))
      return
    }
    try addImages(search, inUse: inUse, depth: depth, monitor: monitor)
  }

  /// Measures what was found.
  ///
  /// - Throws: ``StorageError`` `.cancelled` only.
  mutating func addImages(
    _ search: ImageSearch, inUse: InUseIndex, depth: SurveyDepth, monitor: AuditMonitor
  ) throws(StorageError) {
    for failure in search.failures.prefix(8) { limits.append(Limit("not-looked-at", failure.summary)) }
    if search.failures.count > 8 {
      limits.append(
        Limit("not-looked-at", "\(partition.name): \(search.failures.count - 8) more files or directories like these."))
    }
    for failure in search.unreadableImages {
      findings.append(.unreadable("\(partition.name):\(failure.path.display)", failure))
    }
    partition.leftovers = search.leftovers.sorted { $0.path < $1.path }
    partition.layout = partition.layout ?? search.layout
    if depth.readsData { monitor.onPlan(search.images.reduce(0) { $0.addingClamped($1.entry.status.allocated) }) }
    var once = StorageOnce()
    var measured: [UInt64: Measured] = [:]
    var images: [ImageUsage] = []
    for found in search.inOrder {
      let status = found.entry.status
      if let first = measured[status.inode] {
        var link = first.usage
        link.hardLinkOf = first.usage.path
        link.path = found.entry.path
        link.role = found.role
        images.append(link)
        continue
      }
      monitor.onStage(found.entry.path.display)
      var result = try measure(found, depth: depth, monitor: monitor)
      result.usage.inUse = inUse.holder(of: status)
      once.add(
        inode: status.inode, allocated: status.allocated, reclaimable: result.usage.reclaimableBytes, map: result.map)
      images.append(result.usage)
      if osRelease.isEmpty || found.role == .active, !result.osRelease.isEmpty { osRelease = result.osRelease }
      // The map is what takes memory; it is needed once.
      result.map = nil
      if status.links > 1 { measured[status.inode] = result }
    }
    try takeSecondEvidence(&images, depth)
    try countInstalled(search, &images, monitor)
    partition.images = images.sorted { $0.path < $1.path }
    partition.totals = once.totals
    findings += inUse.findings
  }

  /// Counts the tree of the active image; of the passive one where that has none.
  ///
  /// - Throws: ``StorageError`` `.cancelled` only.
  private mutating func countInstalled(
    _ search: ImageSearch, _ images: inout [ImageUsage], _ monitor: AuditMonitor
  ) throws(StorageError) {
    for role in [ImageRole.active, .passive] {
      for found in search.inOrder where found.role == role {
        guard let index = images.firstIndex(where: { $0.path == found.entry.path && $0.hardLinkOf == nil }) else {
          continue
        }
        monitor.onStage(found.entry.path.display)
        do throws(StorageError) {
          let count = try InstalledTree.census(of: try found.entry.open(), on: partition, monitor: monitor)
          images[index].tree = count?.census
          architecture = architecture ?? count?.architecture
        } catch {
          if error.code == .cancelled { throw error }
          limits.append(Limit("installed-tree-not-counted", "\(partition.target(of: images[index])): \(error.summary)"))
        }
        if images[index].tree != nil { return }
      }
    }
  }

  private struct Measured {
    var usage: ImageUsage
    var map: ExtentMap?
    var osRelease: [String: String] = [:]
  }

  /// A bad image is a finding; the others go on. Only a cancelled audit throws.
  private mutating func measure(
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

  /// Asks what else there is to ask, once all images are known.
  ///
  /// - Throws: ``StorageError`` `.cancelled` only.
  private mutating func takeSecondEvidence(
    _ images: inout [ImageUsage], _ depth: SurveyDepth
  ) throws(StorageError) {
    var evidence = SecondEvidence(depth: depth)
    for subject in subjects {
      guard let index = images.firstIndex(where: { $0.path == subject.path }) else { continue }
      images[index].integrity = try evidence.integrity(of: subject, among: subjects)
      if let words = evidence.twinsThatDiffer[subject.path] {
        findings.append(
          Finding(.imageTwinsDiffer, .info, target: partition.target(of: images[index]), message: words))
      }
    }
    limits += evidence.limits
    subjects = []
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

extension Finding {
  static func unreadable(_ image: ImageUsage, on partition: Partition, _ error: StorageError) -> Finding {
    unreadable(partition.target(of: image), error)
  }

  static func unreadable(_ target: String, _ error: StorageError) -> Finding {
    Finding(.imageUnreadable, .warning, target: target, message: sentence(error), remedy: error.hint)
  }

  static func unreadable(_ partition: Partition, _ error: StorageError) -> Finding {
    Finding(.partitionUnreadable, .warning, target: partition.name, message: sentence(error), remedy: error.hint)
  }

  /// An error as a sentence of its own.
  public static func sentence(_ error: StorageError) -> String {
    let summary = error.summary
    return summary.prefix(1).uppercased() + summary.dropFirst() + "."
  }
}
