import SpaceModel

/// One line for a custom plugin of node-problem-detector: ASCII, at most 80 bytes with its end.
///
/// It would cut at `max_output_length` bytes itself, 80 unless configured, in the middle of whatever stands there.
public struct NPDReport: Sendable {
  private let summary: ReportSummary
  private static let longestLine = 80
  /// Of the node's name, where the rest needs the room.
  private static let leastName = 28

  public init(_ report: Report) { summary = ReportSummary(report) }

  /// `quo: CRITICAL: COS_STATE 795 MiB short for v1.8.1, silent damage`, ended.
  public func render() -> String {
    let room = Self.longestLine - 1
    let said = ShortText.ascii(": \(summary.report.verdict.rawValue.uppercased()): \(summary.brief)")
    let name = ShortText.cut(ShortText.ascii(summary.subject), to: max(Self.leastName, room - said.utf8.count))
    return ShortText.cut(name + said, to: room) + "\n"
  }
}
