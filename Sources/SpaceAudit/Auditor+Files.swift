import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// Disk images and image files that were named.
extension Auditor {
  mutating func auditDisk(_ path: FilePath) throws(StorageError) {
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
      add(
        try Self.survey(
          partition, in: source, searched: isBare || request.isSearched(partition.filesystemLabel),
          depth: request.depth, monitor: monitor))
    }
  }

  mutating func auditImages() throws(StorageError) {
    if host == nil { host = HostDetection.host(request.sysroot) }
    let scan = LiveScanner(sysroot: request.sysroot, prober: NoProber()).scan()
    let mounts = request.sysroot.mountTable()
    var filesystems: [[ImageFile]] = []
    for path in request.images {
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
        .survey(depth: request.depth, monitor: monitor)
      if survey.findings.contains(where: { $0.id == .imageUnreadable }) { imageIsUnreadable = true }
      addImages(survey)
    }
  }

  /// Adds images to the partition they lie on, where that was surveyed already.
  private mutating func addImages(_ survey: PartitionSurvey) {
    guard let index = surveys.firstIndex(where: { $0.partition.device == survey.partition.device }) else {
      add(survey)
      return
    }
    let known = Set((surveys[index].partition.images ?? []).map(\.path))
    let new = (survey.partition.images ?? []).filter { !known.contains($0.path) }
    guard !new.isEmpty else { return }
    surveys[index].partition.images = ((surveys[index].partition.images ?? []) + new).sorted { $0.path < $1.path }
    // Which of them share storage with the others is not known here.
    surveys[index].partition.totals = known.isEmpty ? survey.partition.totals : nil
    surveys[index].findings = unique(surveys[index].findings + survey.findings)
    surveys[index].limits = unique(surveys[index].limits + survey.limits)
    if surveys[index].osRelease.isEmpty { surveys[index].osRelease = survey.osRelease }
  }
}
