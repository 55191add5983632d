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
    return lines + besides()
  }

  /// What is wrong besides what the upgrade is about.
  private func besides() -> [String] {
    let others = counted.filter { !$0.concernsUpgrade && ($0.severity > .info || $0.meansUnknown) }
    guard let worst = others.first(where: \.meansUnknown) ?? others.first else { return [] }
    let isWaste = wasteful.contains(worst)
    let text = isWaste ? wasteSummary ?? sentence(worst) : sentence(worst)
    var lines = wrap(style.paint("Also", .notice) + ": " + text, indent: 2)
    // Digging is in the upgrade's own remedy already, where that has one.
    let isSaid = report.projections.contains { $0.remedy != nil }
    let remedies = isWaste ? (isSaid ? [] : wasteful.compactMap(\.remedy)) : [worst.remedy].compactMap { $0 }
    for remedy in remedies.prefix(3) { lines += self.remedy(remedy, indent: "") }
    if remedies.count > 3 { lines.append("    and \(remedies.count - 3) more like these, below") }
    return lines
  }

  /// The answer where no upgrade was projected.
  private func verdictAlone(_ subject: String) -> [String] {
    let worst = counted.first {
      report.verdict == .unknown ? $0.meansUnknown : $0.severity > .info
    }
    let headline =
      switch report.verdict {
      case .ok: style.paint("OK", .good) + ": " + okSummary
      case .warning: style.paint("WARNING", .notice) + ": " + (wasteSummary ?? sentence(worst))
      case .critical: style.paint("CRITICAL", .bad) + ": " + sentence(worst)
      case .unknown: style.paint("UNKNOWN", .notice) + ": " + (worst.map(sentence) ?? nothingProjected)
      }
    var lines = wrap("\(subject): \(headline)", indent: 4)
    for partition in report.partitions where partition.images != nil {
      guard let usable = partition.usableBytes else { continue }
      lines += wrap(
        "    \(partition.name) (\(partition.device.display)): \(style.size(usable)) of "
          + "\(style.size(partition.capacityBytes)) left for root.", indent: 6)
    }
    let toDo = report.verdict == .warning && !wasteful.isEmpty ? wasteful : worst.map { [$0] } ?? []
    let remedies = toDo.compactMap(\.remedy)
    // A few can be pasted one after the other; more are read below.
    for remedy in remedies.prefix(3) { lines += self.remedy(remedy, indent: "") }
    if remedies.count > 3 { lines.append("    and \(remedies.count - 3) more like these, below") }
    return lines
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
    let spare = reclaimable(of: Set(report.findings.filter { hints.contains($0.id) }.map(\.target)))
    let unknown = report.partitions.flatMap { $0.images ?? [] }.filter { $0.reclaimableBytes == nil }.count
    if unknown > 0 {
      return
        "\(plural(count, "image")) measured; what \(unknown == count ? "it" : "\(unknown) of them") could give back "
        + "is not known, because no data was read."
    }
    guard spare > .zero else { return "\(plural(count, "image")) measured, none wastes space." }
    return "\(plural(count, "image")) measured; \(style.size(spare)) could be given back, nothing needs doing."
  }

  private var wasteful: [Finding] {
    counted.filter {
      $0.severity == .warning && [.imageNotSparse, .imageZeroData, .recoveryNotSparse].contains($0.id)
    }
  }

  /// `nil` where nothing wastes space, or something else is worse.
  private var wasteSummary: String? {
    guard !wasteful.isEmpty else { return nil }
    let total = reclaimable(of: Set(wasteful.map(\.target)))
    let verb = wasteful.count == 1 ? "wastes" : "waste"
    return "\(plural(wasteful.count, "image")) \(verb) space; digging holes gives back \(style.size(total))."
  }

  private func reclaimable(of targets: Set<String>) -> ByteCount {
    report.partitions.reduce(.zero) { sum, partition in
      (partition.images ?? []).filter { $0.hardLinkOf == nil && targets.contains(partition.target(of: $0)) }
        .reduce(sum) { $0 + ($1.reclaimableBytes ?? .zero) }
    }
  }

  private func plural(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }

  // MARK: Findings and limits

  func findings(where isWanted: (Finding) -> Bool = { _ in true }) -> [String] {
    let findings = report.findings.filter(isWanted)
    guard !findings.isEmpty else { return [] }
    var lines = [""]
    for finding in findings {
      let tone: TextStyle.Tone = finding.severity == .critical ? .bad : finding.severity == .warning ? .notice : .faint
      lines.append(
        style.paint(finding.severity.rawValue, tone) + " \(finding.id.rawValue) "
          + style.paint(finding.target, .strong) + (finding.ignored == true ? " (ignored)" : ""))
      lines += wrap("  " + finding.message, indent: 2)
      if let remedy = finding.remedy { lines += self.remedy(remedy, indent: "  ") }
    }
    return lines
  }

  /// Commands stay whole, a line each: they are there to be pasted. A sentence is wrapped.
  func remedy(_ text: String, indent: String) -> [String] {
    if text.hasSuffix(".") { return wrap("\(indent)Do: \(text)", indent: indent.count + 4) }
    let lines = text.split(separator: "\n").map(String.init)
    return lines.enumerated().map { number, line in
      indent + (number == 0 ? "Do: " : "    ") + style.paint(line, .strong)
    }
  }

  func limits() -> [String] {
    guard !report.limits.isEmpty else { return [] }
    return ["", "Not seen:"] + report.limits.flatMap { wrap("  - " + $0.message, indent: 4) }
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}
