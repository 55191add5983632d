import SpaceModel

/// The nodes of a cluster for a terminal: the answer, a table with the worst node first, and what to do.
public struct FleetText: Sendable {
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
    lines += shortfalls() + missing() + unreadable() + FleetInstructions(report, style: style).lines() + footnotes()
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
    let names = FleetAnswer.names(report.missing)
    return [""] + wrap(style.paint("No report", .notice) + " of \(names).", indent: 2)
      + wrap("  Do: \(FleetInstructions.again) there, and give the file too.", indent: 6)
  }

  private func unreadable() -> [String] {
    guard !report.unreadable.isEmpty else { return [] }
    return ["", style.paint("Could not be read", .notice) + ":"]
      + report.unreadable.flatMap { wrap("  - \($0.source.display): \(DisplayText.escaped($0.reason))", indent: 4) }
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
