import SpaceModel

/// What an audit found: one document that every format is rendered from.
///
/// Keys stand in the order of the properties; what is not known is absent.
public struct Report: Sendable, Hashable, Codable {
  /// "MAJOR.MINOR": a minor version only adds; removing or retyping raises the major one.
  public static let currentSchemaVersion = "1.0"

  public var schemaVersion = Report.currentSchemaVersion
  /// RFC 3339, UTC, whole seconds.
  public var generatedAt: String
  public var tool: Tool
  public var host: Host
  /// How the node was booted; `nil` for a disk image, and where nothing tells.
  public var boot: BootState?
  public var verdict: Verdict
  /// What could not be seen.
  public var limits: [Limit]
  /// By filesystem label, then device.
  public var partitions: [Partition]
  /// What an upgrade would do, in the order of its steps on the filesystems.
  public var projections: [Projection]
  /// Worst first, then by id and target.
  public var findings: [Finding]

  /// What wrote the report.
  public struct Tool: Sendable, Hashable, Codable {
    public var name: String
    public var version: String
    /// What was asked, which decides what text says first; `nil`: an audit.
    public var command: Command?

    public init(name: String, version: String, command: Command? = nil) {
      self.name = name
      self.version = version
      self.command = command
    }
  }

  /// The commands that report.
  public enum Command: String, Sendable, Hashable, Codable, CaseIterable { case audit, check, plan, verify }

  /// The node, as far as its root directory tells; for a disk image only what is inside its images.
  public struct Host: Sendable, Hashable, Codable {
    public var nodeName: String?
    public var osID: String?
    public var osName: String?
    /// `harvester`, `kairos`, `elemental`; `nil` where nothing says so.
    public var product: String?
    public var productVersion: String?
    public var architecture: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
      case nodeName = "node_name"
      case osID = "os_id"
      case osName = "os_name"
      case product
      case productVersion = "product_version"
      case architecture
    }
  }

  public init(
    generatedAt: String, tool: Tool, host: Host, boot: BootState? = nil, limits: [Limit], partitions: [Partition],
    projections: [Projection] = [], findings: [Finding]
  ) {
    self.generatedAt = generatedAt
    self.tool = tool
    self.host = host
    self.boot = boot
    self.limits = limits
    self.partitions = partitions.sorted {
      ($0.filesystemLabel ?? "\u{10FFFF}", $0.device) < ($1.filesystemLabel ?? "\u{10FFFF}", $1.device)
    }
    self.projections = projections
    self.findings = findings.sorted()
    verdict = Verdict.worst(of: findings)
  }

  /// The report of the images' integrity alone.
  public var ofIntegrity: Report {
    var report = Report(
      generatedAt: generatedAt, tool: tool, host: host, boot: boot, limits: limits, partitions: partitions,
      findings: findings.filter(\.concernsIntegrity))
    report.tool.command = .verify
    // Of an audit it is no fault that no data was read; here it is the question.
    if partitions.contains(where: { $0.images?.contains { $0.integrity?.isUndecided == true } ?? false }) {
      report.verdict = max(report.verdict, .unknown)
    }
    if !partitions.contains(where: { $0.images?.contains { $0.integrity != nil } ?? false }) {
      report.verdict = max(report.verdict, .unknown)
    }
    return report
  }

  /// The same with these findings recorded, but no part of the verdict.
  public func ignoring(_ ids: Set<Finding.ID>) -> Report {
    guard !ids.isEmpty else { return self }
    var report = self
    for index in report.findings.indices where ids.contains(report.findings[index].id) {
      report.findings[index].ignored = true
    }
    report.verdict = Verdict.worst(of: report.findings)
    return report
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    schemaVersion = try values.decode(String.self, forKey: .schemaVersion)
    generatedAt = try values.decode(String.self, forKey: .generatedAt)
    tool = try values.decode(Tool.self, forKey: .tool)
    host = try values.decode(Host.self, forKey: .host)
    boot = try values.decodeIfPresent(BootState.self, forKey: .boot)
    verdict = try values.decode(Verdict.self, forKey: .verdict)
    limits = try values.decode([Limit].self, forKey: .limits)
    partitions = try values.decode([Partition].self, forKey: .partitions)
    // What was saved of one disk image alone has none.
    projections = try values.decodeIfPresent([Projection].self, forKey: .projections) ?? []
    findings = try values.decode([Finding].self, forKey: .findings)
  }

  enum CodingKeys: String, CodingKey {
    case schemaVersion = "schema_version"
    case generatedAt = "generated_at"
    case tool, host, boot, verdict, limits, partitions, projections, findings
  }
}
