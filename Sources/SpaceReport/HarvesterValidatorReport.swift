import SpaceModel

/// What a validator of Harvester's upgrade pre-check prints.
///
/// The script takes any line that matches `ERROR|FATAL` in any case for a failure, and wants one `RESULT:` line. So those
/// words begin the lines that mean a failure and stand nowhere else: in a name or a message one letter of them is
/// escaped, `err\x6fr.log`.
public struct HarvesterValidatorReport: Sendable {
  private let summary: ReportSummary

  public init(_ report: Report) { summary = ReportSummary(report) }

  public func render() -> String {
    let report = summary.report
    let node = Self.quiet(summary.subject)
    var lines = report.findings.filter { $0.ignored != true }.compactMap { finding -> String? in
      guard let mark = Self.mark(of: finding) else { return nil }
      return "\(mark): \(node): \(Self.quiet(Self.words(finding)))"
    }
    // The worst first: an unknown is a warning by its severity.
    lines = lines.filter { $0.hasPrefix(Self.failure) } + lines.filter { !$0.hasPrefix(Self.failure) }
    let statement = Self.quiet(summary.statement)
    switch report.verdict {
    case .critical, .unknown:
      if !lines.contains(where: { $0.hasPrefix(Self.failure) }) {
        lines.insert("\(Self.failure): \(node): \(statement)", at: 0)
      }
    case .warning:
      if lines.isEmpty { lines = ["WARN: \(node): \(statement)"] }
    case .ok: lines.append("INFO: \(node): \(statement)")
    }
    for finding in report.findings where finding.ignored == true {
      lines.append("INFO: \(node): (ignored) \(Self.quiet(Self.words(finding)))")
    }
    for limit in report.limits { lines.append("INFO: \(node): not seen: \(Self.quiet(limit.message))") }
    lines.append("RESULT: \(node): Validation completed.")
    return lines.joined(separator: "\n") + "\n"
  }

  private static let failure = "ERROR"

  /// `nil` for what is only information.
  private static func mark(of finding: Finding) -> String? {
    if finding.severity == .critical || finding.meansUnknown { return failure }
    return finding.severity == .warning ? "WARN" : nil
  }

  private static func words(_ finding: Finding) -> String {
    "\(finding.id.rawValue): \(finding.target): \(finding.message)"
  }

  /// The text without the words that fail a pre-check.
  static func quiet(_ text: String) -> String {
    var bytes = Array(text.utf8)
    for wanted in [Array("error".utf8), Array("fatal".utf8)] {
      var out: [UInt8] = []
      var rest = bytes[...]
      while let first = rest.first {
        if rest.count >= wanted.count, zip(rest, wanted).allSatisfy({ $0 | 0x20 == $1 }) {
          out += rest.prefix(3)
          out += ShortText.hexadecimal(Unicode.Scalar(rest[rest.startIndex + 3])).utf8
          rest = rest.dropFirst(4)
        } else {
          out.append(first)
          rest = rest.dropFirst()
        }
      }
      bytes = out
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
