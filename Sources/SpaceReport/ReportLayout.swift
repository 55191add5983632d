import SpaceModel

/// The parts of a report for people that all of them have: the answer and what to do first, the findings, the limits.
struct ReportLayout {
  let report: Report
  let style: TextStyle

  /// What counts; what is ignored is only listed.
  private var counted: [Finding] { report.findings.filter { $0.ignored != true } }

  // MARK: The answer

  func opening() -> [String] {
    let upgrade = ReportOpening(report: report, style: style)
    guard var lines = upgrade.lines() else { return verdictAlone(upgrade.subject) }
    if let remedy = upgrade.remedy { lines += self.remedy(remedy, indent: "") }
    guard let besides else { return lines }
    lines += wrap(style.paint("Also", .notice) + ": " + besides.text, indent: 2)
    return lines + self.remedies(besides.remedies)
  }

  /// What is wrong besides what the upgrade is about, and what to do about that.
  var besides: (text: String, remedies: [String])? {
    let others = counted.filter { !$0.concernsUpgrade && ($0.severity > .info || $0.meansUnknown) }
    guard let worst = others.first(where: \.meansUnknown) ?? others.first else { return nil }
    let isWaste = wasteful.contains(worst)
    // Digging is in the upgrade's own remedy already, where that has one.
    let isSaid = report.projections.contains { $0.remedy != nil }
    return (
      isWaste ? wasteSummary ?? sentence(worst) : sentence(worst),
      isWaste ? (isSaid ? [] : wasteful.compactMap(\.remedy)) : [worst.remedy].compactMap { $0 }
    )
  }

  /// The answer where no upgrade was projected.
  private func verdictAlone(_ subject: String) -> [String] {
    var lines = wrap("\(subject): \(verdictHeadline.painted(style))", indent: 4)
    for room in roomLeft { lines += wrap("    \(room)", indent: 6) }
    return lines + remedies(verdictRemedies)
  }

  var verdictHeadline: Headline {
    switch report.verdict {
    case .ok: Headline("OK", .good, ": \(okSummary)")
    case .warning: Headline("WARNING", .notice, ": \(wasteSummary ?? sentence(decisive))")
    case .critical: Headline("CRITICAL", .bad, ": \(sentence(decisive))")
    case .unknown: Headline("UNKNOWN", .notice, ": \(decisive.map(sentence) ?? nothingProjected)")
    }
  }

  /// What root can still write, a sentence for each partition with images.
  var roomLeft: [String] {
    report.partitions.filter { $0.images != nil }.compactMap { partition in
      partition.usableBytes.map { usable in
        "\(partition.name) (\(partition.device.display)): \(style.size(usable)) of "
          + "\(style.size(partition.capacityBytes)) left for root."
      }
    }
  }

  /// What to do where the verdict alone is the answer, the first thing first.
  var verdictRemedies: [String] {
    let toDo = report.verdict == .warning && !wasteful.isEmpty ? wasteful : decisive.map { [$0] } ?? []
    return toDo.compactMap(\.remedy)
  }

  /// The finding that the verdict follows from.
  private var decisive: Finding? {
    counted.first { report.verdict == .unknown ? $0.meansUnknown : $0.severity > .info }
  }

  /// A few can be pasted one after the other; more are read below.
  static let mostRemedies = 3

  private func remedies(_ all: [String]) -> [String] {
    all.prefix(Self.mostRemedies).flatMap { remedy($0, indent: "") }
      + (all.count > Self.mostRemedies ? ["    and \(all.count - Self.mostRemedies) more like these, below"] : [])
  }

  private var nothingProjected: String {
    report.boot?.mode == .uki
      ? "it boots unified kernel images, and whether an upgrade fits on its EFI partition is not judged."
      : "there is no filesystem that an upgrade could be projected on."
  }

  /// What a finding says, with what it says it of.
  private func sentence(_ finding: Finding?) -> String {
    guard let finding else { return "not everything could be read." }
    return finding.message.contains("'\(finding.target)'") ? finding.message : "\(finding.target): \(finding.message)"
  }

  private var okSummary: String {
    let count = report.partitions.reduce(0) { $0 + ($1.images?.count ?? 0) }
    guard count > 0 else { return "nothing is wasted; no images were found." }
    let hints: Set<Finding.ID> = [.imageNotSparse, .imageZeroData, .recoveryNotSparse]
    let targets = Set(report.findings.filter { hints.contains($0.id) }.map(\.target))
    let spare = reclaimable(of: targets)
    let unknown = report.partitions.flatMap { $0.images ?? [] }.filter { $0.reclaimableBytes == nil }.count
    if unknown > 0 {
      return
        "\(CountText.of(count, "image")) measured; what \(unknown == count ? "it" : "\(unknown) of them") could give back "
        + "is not known, because no data was read."
    }
    guard spare > .zero else { return "\(CountText.of(count, "image")) measured, none wastes space." }
    let about = isEstimate(targets) ? "about " : ""
    return
      "\(CountText.of(count, "image")) measured; \(about)\(style.size(spare)) could be given back, nothing needs doing."
  }

  private var wasteful: [Finding] {
    counted.filter {
      $0.severity == .warning && [.imageNotSparse, .imageZeroData, .recoveryNotSparse].contains($0.id)
    }
  }

  /// `nil` where nothing wastes space, or something else is worse.
  private var wasteSummary: String? {
    guard !wasteful.isEmpty else { return nil }
    let targets = Set(wasteful.map(\.target))
    let total = reclaimable(of: targets)
    let verb = wasteful.count == 1 ? "wastes" : "waste"
    let about = isEstimate(targets) ? "about " : ""
    return
      "\(CountText.of(wasteful.count, "image")) \(verb) space; digging holes gives back \(about)\(style.size(total))."
  }

  /// No data was read of some of them.
  private func isEstimate(_ targets: Set<String>) -> Bool {
    report.partitions.contains { partition in
      (partition.images ?? []).contains {
        $0.reclaimableBasis == .estimate && targets.contains(partition.target(of: $0))
      }
    }
  }

  private func reclaimable(of targets: Set<String>) -> ByteCount {
    report.partitions.reduce(.zero) { sum, partition in
      (partition.images ?? []).filter { $0.hardLinkOf == nil && targets.contains(partition.target(of: $0)) }
        .reduce(sum) { $0 + ($1.reclaimableBytes ?? .zero) }
    }
  }

  // MARK: Findings and limits

  func findings(where isWanted: (Finding) -> Bool = { _ in true }) -> [String] {
    let findings = report.findings.filter(isWanted)
    guard !findings.isEmpty else { return [] }
    var lines = [""]
    for finding in findings {
      lines.append(
        style.paint(finding.severity.rawValue, finding.severity.tone) + " \(finding.id.rawValue) "
          + style.paint(finding.target, .strong) + (finding.ignored == true ? " (ignored)" : ""))
      lines += wrap("  " + finding.message, indent: 2)
      if let remedy = finding.remedy { lines += self.remedy(remedy, indent: "  ") }
    }
    return lines
  }

  func remedy(_ text: String, indent: String) -> [String] { style.remedy(text, indent: indent) }

  func limits() -> [String] {
    guard !report.limits.isEmpty else { return [] }
    return ["", "Not seen:"] + report.limits.flatMap { wrap("  - " + $0.message, indent: 4) }
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}
