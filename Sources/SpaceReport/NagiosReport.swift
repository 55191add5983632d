import SpaceModel

/// One line by the Monitoring Plugins guidelines: `HEADROOM CRITICAL - quo: COS_STATE: …|'COS_STATE_system'=…`.
public struct NagiosReport: Sendable {
  private let summary: ReportSummary
  /// NRPE before version 3 hands on 1024 bytes, so the text leaves room for the first figures.
  private static let longestText = 512
  /// Nagios itself reads 8192 bytes.
  private static let longestLine = 4096

  public init(_ report: Report) { summary = ReportSummary(report) }

  /// The line, ended. Its text has no `|`, which begins the performance data, and nothing that ends a quotation or that a
  /// shell would act on where a notification command pastes it into one.
  public func render() -> String {
    let state = summary.report.verdict.rawValue.uppercased()
    // Of sentences a comma parts the clauses as well.
    let words = "\(ShortText.cut(summary.subject, to: 128)): \(summary.statement)".replacing("; ", with: ", ")
    let said = ShortText.escaping("|`$<>&;\"'", in: words)
    var line = ShortText.cut("HEADROOM \(state) - \(said)", to: Self.longestText)
    var separator = "|"
    for item in PerformanceData(summary.report).items {
      guard line.utf8.count + separator.utf8.count + item.utf8.count <= Self.longestLine else { break }
      line += separator + item
      separator = " "
    }
    return line + "\n"
  }
}
