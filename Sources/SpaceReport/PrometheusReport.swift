import SpaceModel

/// A report as metrics for node_exporter's textfile collector: text exposition format 0.0.4, gauges only, no timestamps.
///
/// What is not known is absent. Of the images the 64 that take the most space are named; what is done on request only (a
/// recovery upgrade) is left out, because it decides nothing.
public struct PrometheusReport: Sendable {
  private let report: Report
  private let partitionLabels: [[MetricFamily.Label]]
  static let mostImages = 64

  public init(_ report: Report) {
    self.report = report
    partitionLabels = Self.labels(of: report.partitions)
  }

  public func render() -> String {
    let families = about() + findings() + partitions() + images() + upgrades()
    return families.flatMap(\.lines).map { $0 + "\n" }.joined()
  }

  private func about() -> [MetricFamily] {
    var build = MetricFamily("headroom_build_info", "What wrote the metrics; always 1.")
    build.add(1, [("version", MetricFamily.value(report.tool.version))])
    var run = MetricFamily("headroom_run_timestamp_seconds", "When the report was made, in seconds since 1970.")
    run.add(ReportTime.seconds(report.generatedAt))
    var verdict = MetricFamily("headroom_verdict", "Outcome of the last audit, 1 for the current state.")
    verdict.add(report.verdict, of: Verdict.allCases, as: "verdict")
    return [build, run, verdict]
  }

  private func findings() -> [MetricFamily] {
    var counted = MetricFamily("headroom_findings", "Findings that count, by what was found.")
    var ignored = MetricFamily(
      "headroom_findings_ignored", "Findings that somebody chose to ignore, by what was found.")
    for (labels, count) in Self.counts(of: report.findings.filter { $0.ignored != true }) { counted.add(count, labels) }
    for (labels, count) in Self.counts(of: report.findings.filter { $0.ignored == true }) { ignored.add(count, labels) }
    var limits = MetricFamily("headroom_limits", "Things that could not be seen.")
    limits.add(Int64(report.limits.count))
    return [counted, ignored, limits]
  }

  private func partitions() -> [MetricFamily] {
    var size = MetricFamily("headroom_partition_size_bytes", "Size of the partition.")
    var free = MetricFamily("headroom_partition_free_bytes", "Free space of the filesystem, that for root included.")
    var usable = MetricFamily("headroom_partition_usable_bytes", "What root can still write to the filesystem.")
    var reclaimable = MetricFamily(
      "headroom_partition_reclaimable_bytes", "What digging holes into all of its images would give back.")
    for (partition, labels) in zip(report.partitions, partitionLabels) {
      size.add(partition.sizeBytes?.bytes, labels)
      free.add(partition.freeBytes?.bytes, labels)
      usable.add(partition.usableBytes?.bytes, labels)
      reclaimable.add(partition.totals?.reclaimableBytes?.bytes, labels)
    }
    return [size, free, usable, reclaimable]
  }

  private func images() -> [MetricFamily] {
    var apparent = MetricFamily("headroom_image_apparent_bytes", "Size of the image file, holes included.")
    var allocated = MetricFamily("headroom_image_allocated_bytes", "What the image file takes on its filesystem.")
    var reclaimable = MetricFamily(
      "headroom_image_reclaimable_bytes", "What digging holes into the image would give back.")
    var integrity = MetricFamily(
      "headroom_image_integrity", "Whether the image was written whole, 1 for the current state.")
    var lost = MetricFamily("headroom_image_lost_bytes", "What the filesystem in the image uses and was never written.")
    var omitted = MetricFamily("headroom_images_omitted", "Images that are not named here, because there are too many.")
    // A hard link is the same image once more.
    let all = zip(report.partitions, partitionLabels).flatMap { partition, labels in
      (partition.images ?? []).filter { $0.hardLinkOf == nil }.map { (image: $0, labels: labels) }
    }
    let largest = all.indices.sorted { left, right in
      let (first, second) = (all[left].image.allocatedBytes, all[right].image.allocatedBytes)
      return first != second ? first > second : left < right
    }
    for index in largest.prefix(Self.mostImages).sorted() {
      let image = all[index].image
      let labels = all[index].labels + [("image", MetricFamily.value(image.path))]
      apparent.add(image.apparentBytes.bytes, labels)
      allocated.add(image.allocatedBytes.bytes, labels)
      reclaimable.add(image.reclaimableBytes?.bytes, labels)
      if let state = image.integrity?.state { integrity.add(state, of: Integrity.State.allCases, as: "state", labels) }
      lost.add(image.integrity?.lostBytes?.bytes, labels)
    }
    omitted.add(Int64(max(0, all.count - Self.mostImages)))
    return [apparent, allocated, reclaimable, integrity, lost, omitted]
  }

  private func upgrades() -> [MetricFamily] {
    var required = MetricFamily("headroom_upgrade_required_bytes", "What the projected upgrade needs at its peak.")
    var usable = MetricFamily(
      "headroom_upgrade_usable_bytes", "What the projected upgrade can use, with what it gives back itself first.")
    var headroom = MetricFamily(
      "headroom_upgrade_headroom_bytes",
      "Bytes to spare at the peak of the projected upgrade, negative when they are missing.")
    var shortfall = MetricFamily(
      "headroom_upgrade_shortfall_bytes",
      "Bytes missing for the projected upgrade, negative when there is room to spare.")
    var margin = MetricFamily("headroom_upgrade_margin_bytes", "What the projected upgrade should leave at its peak.")
    var outcome = MetricFamily(
      "headroom_upgrade_outcome", "How the projected upgrade would end, 1 for the current state.")
    for projection in report.projections where projection.isOptional != true {
      let labels = labels(of: projection) + [("upgrade", MetricFamily.value(projection.upgrade))]
      required.add(projection.needBytes?.bytes, labels)
      usable.add(projection.usableBytes.map { ($0 + (projection.creditBytes ?? .zero)).bytes }, labels)
      headroom.add(projection.headroomBytes?.bytes, labels)
      shortfall.add(projection.headroomBytes.map { (ByteCount.zero - $0).bytes }, labels)
      margin.add(projection.marginBytes?.bytes, labels)
      outcome.add(
        projection.outcome, of: [.fits, .tight, .silentCorruption, .loudFailure, .unknown], as: "outcome", labels)
    }
    return [required, usable, headroom, shortfall, margin, outcome]
  }

  // MARK: Labels

  /// The filesystem's label; the device with it where there is none, or where another has the same.
  private static func labels(of partitions: [Partition]) -> [[MetricFamily.Label]] {
    let names = partitions.map { $0.filesystemLabel.map { FilePath($0) }.flatMap { $0.bytes.isEmpty ? nil : $0 } }
    var counts: [FilePath: Int] = [:]
    for case let name? in names { counts[name, default: 0] += 1 }
    return zip(partitions, names).map { partition, name in
      let device = (name: "device", value: MetricFamily.value(partition.device))
      guard let name else { return [device] }
      let label = (name: "fslabel", value: MetricFamily.value(name))
      return counts[name] == 1 ? [label] : [label, device]
    }
  }

  private func labels(of projection: Projection) -> [MetricFamily.Label] {
    if let index = report.partitions.firstIndex(where: { $0.device == projection.device }) {
      return partitionLabels[index]
    }
    return [("fslabel", MetricFamily.value(projection.filesystemLabel))]
  }

  private static func counts(of findings: [Finding]) -> [([MetricFamily.Label], Int64)] {
    struct Kind: Hashable {
      var id: [UInt8]
      var severity: Finding.Severity
    }
    var order: [(kind: Kind, finding: Finding)] = []
    var counts: [Kind: Int64] = [:]
    for finding in findings {
      let kind = Kind(id: Array(finding.id.rawValue.utf8), severity: finding.severity)
      if counts[kind] == nil { order.append((kind, finding)) }
      counts[kind, default: 0] += 1
    }
    return order.map { kind, finding in
      (
        [("finding", MetricFamily.value(finding.id.rawValue)), ("severity", finding.severity.rawValue)],
        counts[kind] ?? 0
      )
    }
  }
}
