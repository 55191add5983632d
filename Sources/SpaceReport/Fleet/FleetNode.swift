import SpaceModel

/// A node as the table of a cluster has it: what one report says, as far as it decides something.
///
/// Nothing else is kept of a report, so that ten thousand of them fit in memory.
public struct FleetNode: Sendable, Hashable, Codable {
  /// `nil` where the report does not say whose it is: `source` names it then.
  public var nodeName: String?
  /// The file it was read from; inside an archive behind a colon.
  public var source: FilePath
  /// What counts for the cluster: the report's verdict, or unknown where its age makes it worth less than that.
  public var verdict: Verdict
  /// The report's own, where that is another.
  public var reportedVerdict: Verdict?
  /// As the report has it.
  public var generatedAt: String?
  /// Why it may not tell how the node is now; `nil` where it does.
  public var ageDoubt: AgeDoubt?
  /// What made the report; `nil`: an audit.
  public var command: Report.Command?
  /// The release that the node runs.
  public var version: String?
  public var bootMode: BootState.Mode?
  /// How the worst upgrade that is not optional ends; `nil` where the system's own was not projected.
  public var outcome: Projection.Outcome?
  /// Of the system's upgrade, the least; negative is a shortfall.
  public var headroomBytes: ByteCount?
  /// What digging holes gives back on all partitions.
  public var reclaimableBytes: ByteCount?
  /// What the verdict rests on.
  public var finding: Deciding?
  /// How many more are as bad.
  public var otherFindings: Int?
  /// `true` where the audit did not come to its end; else `nil`.
  public var incomplete: Bool?
  /// Older reports of the node.
  public var superseded: Int?
  /// Another report of the node that says something else of the same time; the worse of them counts.
  public var conflictsWith: FilePath?
  /// Another report of the node that knows more of its images, is worse, and decides.
  public var integritySource: FilePath?
  /// Since when damage is known that no later verify has taken back, as that report has its time.
  public var integritySince: String?
  /// For putting reports of one node together; no part of the document.
  var knowledge = FleetKnowledge()

  /// Why a report may not tell how a node is now.
  public enum AgeDoubt: String, Sendable, Hashable, Codable {
    /// Older than what was asked for.
    case old
    /// From the future: the node's clock is wrong, or this one.
    case ahead
    /// Its time cannot be read.
    case undated
  }

  /// A finding, as far as a table has it.
  public struct Deciding: Sendable, Hashable, Codable {
    public var id: Finding.ID
    public var severity: Finding.Severity
    public var target: String?
    public var message: String?
    public var remedy: String?

    init(_ finding: Finding) {
      id = finding.id
      severity = finding.severity
      target = finding.target.nonEmpty
      message = finding.message.nonEmpty
      remedy = finding.remedy?.nonEmpty
    }
  }

  /// The node's name, or the file's.
  public var name: String { nodeName ?? source.display }

  /// When the report was made, in seconds since 1970; `nil` where that cannot be read.
  public var seconds: Int64? { generatedAt.flatMap(ReportTime.seconds) }

  enum CodingKeys: String, CodingKey {
    case nodeName = "node_name"
    case source, verdict
    case reportedVerdict = "reported_verdict"
    case generatedAt = "generated_at"
    case ageDoubt = "age_doubt"
    case command, version
    case bootMode = "boot_mode"
    case outcome
    case headroomBytes = "headroom_bytes"
    case reclaimableBytes = "reclaimable_bytes"
    case finding
    case otherFindings = "other_findings"
    case incomplete, superseded
    case conflictsWith = "conflicts_with"
    case integritySource = "integrity_source"
    case integritySince = "integrity_since"
  }
}

extension FleetNode {
  /// What a report says of its node.
  public init(_ report: Report, source: FilePath) {
    self.source = source
    nodeName = report.host.nodeName?.nonEmpty
    verdict = report.verdict
    generatedAt = report.generatedAt.nonEmpty
    command = report.tool.command
    bootMode = report.boot?.mode
    let deciding = report.decidingProjections
    let system = deciding.filter { $0.upgrade == "system" }
    headroomBytes = system.compactMap(\.headroomBytes).min()
    outcome = system.isEmpty ? nil : deciding.map(\.outcome).max()
    reclaimableBytes = Self.reclaimable(report)
    version = Self.version(report)
    incomplete = report.findings.contains { $0.id == .auditIncomplete } ? true : nil
    let reasons = Self.reasons(report.findings, report.verdict)
    finding = reasons.first.map(Deciding.init)
    otherFindings = reasons.count > 1 ? reasons.count - 1 : nil
    knowledge = FleetKnowledge(report)
  }

  private static func reclaimable(_ report: Report) -> ByteCount? {
    let known = report.partitions.compactMap { partition in
      partition.totals?.reclaimableBytes ?? (partition.images ?? []).compactMap(\.reclaimableBytes).nonEmptySum
    }
    return known.nonEmptySum
  }

  /// A node says what it runs; a disk image only what its images hold.
  private static func version(_ report: Report) -> String? {
    let active = report.partitions.lazy.flatMap { $0.images ?? [] }.first { $0.role == .active }?.os
    return report.host.productVersion?.nonEmpty ?? active?.version?.nonEmpty ?? active?.prettyName?.nonEmpty
  }

  /// The findings that the verdict rests on, the one to deal with first in front.
  static func reasons(_ findings: [Finding], _ verdict: Verdict) -> [Finding] {
    let counted = findings.filter { $0.ignored != true }
    let reasons: [Finding] =
      switch verdict {
      case .critical: counted.filter { $0.severity == .critical }
      // An audit that ended early makes everything else doubtful.
      case .unknown:
        counted.filter { $0.id == .auditIncomplete } + counted.filter { $0.meansUnknown && $0.id != .auditIncomplete }
      case .warning: counted.filter { $0.severity == .warning && !$0.meansUnknown }
      case .ok: []
      }
    return reasons.filter { $0.id == .upgradeSpace } + reasons.filter { $0.id != .upgradeSpace }
  }
}

extension Sequence<ByteCount> {
  /// `nil` where there is nothing to add up.
  fileprivate var nonEmptySum: ByteCount? { reduce(nil) { sum, count in (sum ?? .zero) + count } }
}

extension String {
  /// `nil` where it is empty: a support bundle's export turns empty text into `null`.
  var nonEmpty: String? { isEmpty ? nil : self }
}
