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
    case .ndjson: try NDJSONReport(report).render()
    case .prometheus: Array(PrometheusReport(report).render().utf8)
    case .nagios: Array(NagiosReport(report).render().utf8)
    case .npd: Array(NPDReport(report).render().utf8)
    case .harvesterValidator: Array(HarvesterValidatorReport(report).render().utf8)
    case .markdown: Array(MarkdownReport(report).render().utf8)
    case .html: Array(HTMLReport(report).render().utf8)
    case .text: RawArgument.bytes(of: text)
    }
  }

  private var text: String {
    switch report.tool.command {
    case .plan?: PlanText(report, style: style).render()
    case .verify?: VerifyText(report, style: style).render()
    case .check?: CheckText(report, style: style).render()
    case .audit?, nil: TextReport(report, style: style).render()
    }
  }
}
