import SpaceModel

/// What a gate says to people: the answer in one line, the one thing to do first, and what it rests on.
public struct CheckText: Sendable {
  private let report: Report
  private let style: TextStyle

  public init(_ report: Report, style: TextStyle) {
    self.report = report.escaped
    self.style = style
  }

  public func render() -> String {
    let summary = ReportSummary(report)
    var lines = wrap("\(summary.subject): \(verdict): \(summary.statement).")
    if let remedy = summary.remedy { lines += ReportLayout(report: report, style: style).remedy(remedy, indent: "") }
    lines += wrap(dataRead)
    for finding in report.findings where finding.ignored == true {
      lines += wrap(
        "Ignored: \(finding.severity.rawValue) \(finding.id.rawValue) \(finding.target): \(finding.message)")
    }
    if !report.limits.isEmpty {
      let count = report.limits.count
      lines += wrap("Not seen: \(CountText.of(count, "thing")); headroom audit names \(count == 1 ? "it" : "them").")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var verdict: String { style.paint(report.verdict.rawValue.uppercased(), report.verdict.tone) }

  /// A gate reads image data only when the verdict could turn on it; which it was shows in the figures.
  private var dataRead: String {
    let images = report.partitions.flatMap { $0.images ?? [] }
    if report.findings.contains(where: { $0.id == .auditIncomplete }) {
      return "It did not come to its end: image data may have been read in part."
    }
    guard !images.isEmpty else { return "No image was found." }
    if images.contains(where: { $0.zeroBytes != nil }) {
      return "Image data was read, because the verdict could turn on it."
    }
    return "No image data was read: the verdict does not turn on it."
  }

  private func wrap(_ text: String) -> [String] { TextWrap.wrap(text, width: style.width, indent: 4) }
}
