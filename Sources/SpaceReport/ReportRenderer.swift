import SpaceModel

/// Writes a report in any of the formats, from nothing but the report: a saved one gives the same bytes as the run that
/// saved it.
public struct ReportRenderer: Sendable {
  private let report: Report
  /// What a terminal can show; only text looks at it.
  private let style: TextStyle

  public init(_ report: Report, style: TextStyle) {
    self.report = report
    self.style = style
  }

  /// - Returns: The whole document, its last line ended.
  /// - Throws: Nothing in practice: what an `encode(to:)` of the report's own types throws.
  public func render(as format: ReportFormat) throws -> [UInt8] {
    switch format {
    case .json: try ReportEncoder.encode(report)
    case .html: Array(HTMLReport(report).render().utf8)
    case .text, .ndjson, .prometheus, .nagios, .npd, .harvesterValidator, .markdown: RawArgument.bytes(of: text)
    }
  }

  private var text: String {
    switch report.tool.command {
    case .plan?: PlanText(report, style: style).render()
    case .verify?: VerifyText(report, style: style).render()
    case .audit?, .check?, nil: TextReport(report, style: style).render()
    }
  }
}
