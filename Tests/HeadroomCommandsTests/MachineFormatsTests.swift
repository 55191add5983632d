import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// What holds of every machine-facing format, whatever the report.
@Suite struct MachineFormatsTests {
  static let formats: [ReportFormat] = [.prometheus, .nagios, .npd, .harvesterValidator, .markdown]

  @Test("a saved report gives the same bytes", arguments: formats)
  func aSavedReportGivesTheSameBytes(_ format: ReportFormat) throws {
    for report in Report.ofScenarios + StrangeReports.many(60) {
      let saved = try ReportDecoder.decode(ReportEncoder.encode(report), path: "saved.json")
      #expect(try report.rendered(format) == saved.rendered(format))
    }
  }

  @Test("nothing raw reaches a terminal, and the last line is ended", arguments: formats)
  func nothingRawReachesATerminal(_ format: ReportFormat) throws {
    for report in StrangeReports.many(200) {
      let text = try report.text(format)
      #expect(text.last == "\n")
      let raw = text.unicodeScalars.first { scalar in
        scalar != "\n" && (scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar.value == 0x202E)
      }
      #expect(raw == nil, "\(text)")
    }
  }

  @Test("the node's name stands behind the protocol's own prefix")
  func theNodesNameStandsBehindTheProtocolsOwnPrefix() throws {
    for report in Report.ofScenarios {
      let name = report.host.nodeName ?? "this node"
      let state = report.verdict.rawValue.uppercased()
      #expect(try report.text(.nagios).hasPrefix("HEADROOM \(state) - \(name): "))
      #expect(try report.text(.npd).hasPrefix("\(name): \(state): "))
      for line in try report.text(.harvesterValidator).split(separator: "\n") {
        #expect(line.contains(try Regex("^(ERROR|WARN|INFO|RESULT): \(name): ")), "\(line)")
      }
      #expect(ReportSummary(report).line().hasPrefix("\(name): \(state): "))
    }
  }
}
