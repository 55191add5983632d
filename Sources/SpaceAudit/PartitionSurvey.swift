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
  var subjects: [SecondEvidence.Subject] = []

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
}
