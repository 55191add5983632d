import SpaceModel

/// What a report's verdict rests on: the one thing that a format with a single line can say.
enum DecidingCause {
  /// An upgrade that does not fit, or only just.
  case projection(Projection)
  case finding(Finding)
  /// The upgrades fit; this is the one with the least to spare.
  case fits(Projection)
  /// Nothing that counts was found, and no upgrade was projected.
  case nothingWrong
  /// The verdict is unknown for want of something to judge.
  case notJudged

  init(_ report: Report) {
    let counted = report.findings.filter { $0.ignored != true }
    switch report.verdict {
    case .critical:
      let critical = counted.filter { $0.severity == .critical }
      // Room can be made; a damaged active image is what an upgrade would make the fallback.
      let damage = critical.first { $0.id == .imageLostWrites && report.activeImages.contains($0.target) }
      self =
        damage.map(Self.finding) ?? Self.projection(of: report, among: critical) ?? critical.first.map(Self.finding)
        ?? .notJudged
    case .unknown:
      let unknown = counted.filter(\.meansUnknown)
      let first = Self.first(of: [.upgradeRunning, .upgradeSpaceUnknown], among: unknown) ?? unknown.first
      self = first.map(Self.finding) ?? .notJudged
    case .warning:
      let warnings = counted.filter { $0.severity == .warning }
      self =
        Self.first(of: [.rebootPending, .bootedFromPassive], among: warnings).map(Self.finding)
        ?? Self.projection(of: report, among: warnings) ?? warnings.first.map(Self.finding) ?? .notJudged
    case .ok:
      let projections = report.decidingProjections
      if let worst = projections.first, worst.outcome != .fits {
        // Only where its finding is ignored; the summary names what is.
        self = .nothingWrong
      } else {
        let least = projections.min { ($0.headroomBytes?.bytes ?? .max) < ($1.headroomBytes?.bytes ?? .max) }
        self = least.map(Self.fits) ?? .nothingWrong
      }
    }
  }

  /// The finding that stands for it in the report; it has the remedy.
  func finding(in report: Report) -> Finding? {
    switch self {
    case .finding(let finding): finding
    case .projection(let projection): Self.finding(for: projection, among: report.findings, in: report)
    case .fits, .nothingWrong, .notJudged: nil
    }
  }

  /// The worst upgrade that one of these findings is about.
  private static func projection(of report: Report, among findings: [Finding]) -> DecidingCause? {
    report.decidingProjections.first { finding(for: $0, among: findings, in: report) != nil }.map(Self.projection)
  }

  private static func finding(for projection: Projection, among findings: [Finding], in report: Report) -> Finding? {
    guard projection.outcome != .fits, projection.outcome != .unknown else { return nil }
    let name = report.placeName(of: projection)
    // Two upgrades of one filesystem have two findings, told apart by their words.
    let all = findings.filter { $0.id == .upgradeSpace && $0.target == name && $0.ignored != true }
    return all.first { $0.message.hasPrefix(projection.reason) } ?? all.first
  }

  private static func first(of ids: [Finding.ID], among findings: [Finding]) -> Finding? {
    ids.lazy.compactMap { id in findings.first { $0.id == id } }.first
  }
}

extension Report {
  /// The projections that the verdict can turn on, the worst first; a recovery upgrade is done on request only.
  var decidingProjections: [Projection] {
    let all = projections.filter { $0.isOptional != true }
    return all.enumerated().sorted { left, right in
      left.element.outcome != right.element.outcome
        ? left.element.outcome > right.element.outcome : left.offset < right.offset
    }.map(\.element)
  }

  /// What the findings about active images have as their target.
  public var activeImages: Set<String> {
    Set(
      partitions.flatMap { partition in
        (partition.images ?? []).filter { $0.role == .active }.map { partition.target(of: $0) }
      })
  }

  /// What the findings about a projection have as their target.
  func placeName(of projection: Projection) -> String {
    partitions.first { $0.device == projection.device }?.name ?? projection.filesystemLabel
  }
}
