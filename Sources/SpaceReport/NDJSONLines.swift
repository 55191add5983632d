import SpaceModel

extension NDJSONReport {
  /// What the report says of itself before anything is found.
  struct StartLine: Codable {
    var schemaVersion: String
    var generatedAt: String
    var tool: Report.Tool
    var host: Report.Host
    var boot: BootState?

    init(_ report: Report) {
      schemaVersion = report.schemaVersion
      generatedAt = report.generatedAt
      tool = report.tool
      host = report.host
      boot = report.boot
    }

    enum CodingKeys: String, CodingKey {
      case schemaVersion = "schema_version"
      case generatedAt = "generated_at"
      case tool, host, boot
    }
  }

  /// A partition; its images follow, a line each.
  struct PartitionLine: Codable {
    var partition: Partition
    /// `nil` where it was not searched.
    var imageCount: Int?

    init(_ partition: Partition) {
      self.partition = partition
      self.partition.images = nil
      imageCount = partition.images?.count
    }

    enum CodingKeys: String, CodingKey { case imageCount = "image_count" }

    init(from decoder: any Decoder) throws {
      partition = try Partition(from: decoder)
      imageCount = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .imageCount)
    }

    func encode(to encoder: any Encoder) throws {
      try partition.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encodeIfPresent(imageCount, forKey: .imageCount)
    }
  }

  /// An image, with what names its partition, so that the line can be read alone.
  struct ImageLine: Codable {
    var filesystemLabel: String?
    var device: FilePath
    var image: ImageUsage

    init(_ image: ImageUsage, on partition: Partition) {
      filesystemLabel = partition.filesystemLabel
      device = partition.device
      self.image = image
    }

    enum CodingKeys: String, CodingKey {
      case filesystemLabel = "filesystem_label"
      case device
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      filesystemLabel = try container.decodeIfPresent(String.self, forKey: .filesystemLabel)
      device = try container.decode(FilePath.self, forKey: .device)
      image = try ImageUsage(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encodeIfPresent(filesystemLabel, forKey: .filesystemLabel)
      try container.encode(device, forKey: .device)
      try image.encode(to: encoder)
    }
  }

  /// The end: the answer, and how many lines there were of each type.
  struct SummaryLine: Codable, Equatable {
    var verdict: Verdict
    var limitCount: Int
    var partitionCount: Int
    var imageCount: Int
    var projectionCount: Int
    var findingCount: Int
    /// Of the findings; those that are ignored count as such only.
    var criticalCount: Int
    var warningCount: Int
    var infoCount: Int
    var ignoredCount: Int

    init(_ report: Report) {
      func findings(_ severity: Finding.Severity) -> Int {
        report.findings.count { $0.severity == severity && $0.ignored != true }
      }
      verdict = report.verdict
      limitCount = report.limits.count
      partitionCount = report.partitions.count
      imageCount = report.partitions.reduce(0) { $0 + ($1.images?.count ?? 0) }
      projectionCount = report.projections.count
      findingCount = report.findings.count
      criticalCount = findings(.critical)
      warningCount = findings(.warning)
      infoCount = findings(.info)
      ignoredCount = report.findings.count { $0.ignored == true }
    }

    enum CodingKeys: String, CodingKey {
      case verdict
      case limitCount = "limit_count"
      case partitionCount = "partition_count"
      case imageCount = "image_count"
      case projectionCount = "projection_count"
      case findingCount = "finding_count"
      case criticalCount = "critical_count"
      case warningCount = "warning_count"
      case infoCount = "info_count"
      case ignoredCount = "ignored_count"
    }
  }
}
