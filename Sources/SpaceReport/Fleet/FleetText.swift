import SpaceModel

/// The nodes of a cluster for a terminal: the answer, a table with the worst node first, and what to do.
public struct FleetText: Sendable {
  /// For so many nodes it is said what to do; JSON has all.
  static let explainedNodes = 20

  private let report: FleetReport
  private let style: TextStyle
  private let heading: Bool

  /// - Parameter heading: Whether the table has one.
  public init(_ report: FleetReport, style: TextStyle, heading: Bool = true) {
    self.report = report
    self.style = style
    self.heading = heading
  }

  public func render() -> String {
    var lines = wrap(style.paint(report.summary, report.verdict.tone), indent: 2)
    if let tally { lines += wrap(tally, indent: 2) }
    if !report.nodes.isEmpty { lines += [""] + FleetTable(report.nodes, style: style, heading: heading).lines() }
    lines += shortfalls() + missing() + unreadable() + instructions() + footnotes()
    return lines.joined(separator: "\n") + "\n"
  }

  /// How many nodes of each verdict.
  private var tally: String? {
    let counts = report.counts
    guard counts.nodes > 0 else { return nil }
    let parts = [
      (counts.critical, "critical"), (counts.unknown, "unknown"), (counts.warning, "warning"), (counts.ok, "ok"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let reasons = [(counts.missing, "without a report"), (counts.old, "not up to date")]
      .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let besides = reasons.isEmpty ? "" : "; \(reasons.joined(separator: ", "))"
    return "\(CountText.of(counts.nodes, "node")): \(parts.joined(separator: ", "))\(besides)."
  }

  private func shortfalls() -> [String] {
    guard report.topShortfalls.count > 1 else { return [] }
    let names = report.topShortfalls.map { "\(DisplayText.escaped($0.name)) \(style.size($0.shortBytes))" }
    return [""] + wrap("Most short of space: \(names.joined(separator: ", ")).", indent: 2)
  }

  // MARK: What is missing

  private func missing() -> [String] {
    guard !report.missing.isEmpty else { return [] }
    let names = report.missing.map { DisplayText.escaped($0) }.joined(separator: ", ")
    return [""] + wrap(style.paint("No report", .notice) + " of \(names).", indent: 2)
      + wrap("  Do: \(Self.again) there, and give the file too.", indent: 6)
  }

  private static let again = "run 'headroom audit --json'"

  private func unreadable() -> [String] {
    guard !report.unreadable.isEmpty else { return [] }
    return ["", style.paint("Could not be read", .notice) + ":"]
      + report.unreadable.flatMap { wrap("  - \($0.source.display): \(DisplayText.escaped($0.reason))", indent: 4) }
  }

  // MARK: What to do

  private func instructions() -> [String] {
    let bad = report.nodes.filter { $0.verdict != .ok }
    var lines = bad.prefix(Self.explainedNodes).flatMap { [""] + instructions(for: $0) }
    if bad.count > Self.explainedNodes {
      lines += ["", "What to do on \(bad.count - Self.explainedNodes) more: --json has them all."]
    }
    return lines
  }

  private func instructions(for node: FleetNode) -> [String] {
    let finding = node.finding
    let words = [finding?.id.rawValue, finding?.target].compactMap { $0 }.map { DisplayText.escaped($0) }
    var lines = wrap(
      ([
        style.paint(DisplayText.escaped(node.name), .strong),
        style.paint(node.verdict.rawValue, node.verdict.tone),
      ]
        + words).joined(separator: " "), indent: 2)
    if let message = finding?.message { lines += wrap("  \(DisplayText.escaped(message))", indent: 2) }
    if finding == nil, node.ageDoubt == nil { lines.append("  The report does not say why.") }
    if let more = node.otherFindings {
      lines += wrap("  \(CountText.of(more, "more finding")) as bad; its report says which.", indent: 2)
    }
    if let other = node.conflictsWith {
      lines += wrap(
        "  \(other.display) says something else of the same time; this is the worse of the two.", indent: 2)
    }
    if let source = node.integritySource { lines += wrap("  By \(source.display).", indent: 2) }
    if let since = node.integritySince {
      lines += wrap(
        "  Known since \(DisplayText.escaped(since)): no later 'headroom verify' found the image clean.", indent: 2)
    }
    if let age = age(of: node) { lines += wrap("  \(age)", indent: 2) }
    if node.incomplete == true, finding?.id != .auditIncomplete {
      lines.append("  The audit did not come to its end: there may be more.")
    }
    if let remedy = finding?.remedy { return lines + style.remedy(DisplayText.escapedLines(remedy), indent: "  ") }
    guard node.ageDoubt != nil || node.incomplete == true else { return lines }
    return lines + wrap("  Do: \(Self.again) on it again.", indent: 6)
  }

  private func age(of node: FleetNode) -> String? {
    let age = ReportTime.seconds(report.generatedAt).flatMap { now in node.seconds.map { now - $0 } } ?? 0
    switch node.ageDoubt {
    case .old?: return "The report is \(ReportTime.words(seconds: age)) old."
    case .ahead?: return "The report is dated \(ReportTime.words(seconds: -age)) ahead: a clock is wrong."
    case .undated?: return "When the report was made cannot be read."
    case nil: return nil
    }
  }

  /// What was read and is not in the table.
  private func footnotes() -> [String] {
    let counts = report.counts
    let parts = [
      counts.superseded > 0 ? "\(CountText.of(counts.superseded, "report")) older than another of the same node" : nil,
      counts.repeated > 0 ? "\(CountText.of(counts.repeated, "report")) that another repeats" : nil,
      counts.skipped > 0
        ? "\(CountText.of(counts.skipped, "document")) that \(counts.skipped == 1 ? "is" : "are") no report" : nil,
    ].compactMap { $0 }
    return parts.isEmpty ? [] : [""] + wrap("Left out: \(parts.joined(separator: ", ")).", indent: 2)
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}
