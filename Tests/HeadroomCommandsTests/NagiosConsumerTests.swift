import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The line by the Monitoring Plugins guidelines, and through their own `negate`.
@Suite struct NagiosConsumerTests {
  static let negate = "/usr/lib/nagios/plugins/negate"

  /// An item of performance data: 'label'=value[UOM];[warn];[crit];[min];[max].
  private static let item =
    #"'((?:[^'=|\n]|'')+)'=(U|-?[0-9]+B);((?:-?[0-9]+:)?);((?:-?[0-9]+:)?);(-?[0-9]+)?;(-?[0-9]+)?"#

  struct Item {
    var label: String
    var value: Int64?
    var warning: Int64?
    var critical: Int64?
  }

  /// - Throws: Where the line is not what the guidelines have.
  static func items(_ line: String) throws -> [Item] {
    let form = try Regex("^HEADROOM (OK|WARNING|CRITICAL|UNKNOWN) - [^|\\n]+(\\|\(item)( \(item))*)?\\n$")
    guard line.wholeMatch(of: form) != nil else { throw Unexpected("not by the guidelines: \(line)") }
    return line.matches(of: try Regex(item)).map { match in
      func number(_ index: Int) -> Int64? {
        match.output[index].substring.flatMap { Int64($0.filter { $0 == "-" || $0.isNumber }) }
      }
      return Item(
        label: String(match.output[1].substring ?? "").replacingOccurrences(of: "''", with: "'"), value: number(2),
        warning: number(3), critical: number(4))
    }
  }

  @Test("the line has the guidelines' form, and the first 19 characters of its labels are unique")
  func theLineHasTheGuidelinesForm() throws {
    for report in Report.ofScenarios + StrangeReports.many(300) {
      let line = try report.text(.nagios)
      let labels = try Self.items(line).map { String($0.label.prefix(19)) }
      #expect(Set(labels).count == labels.count, "\(labels)")
      #expect(line.utf8.count <= 4097)
    }
  }

  @Test("the thresholds say what the projection says")
  func theThresholdsSayWhatTheProjectionSays() throws {
    var seen = 0
    for report in Report.ofScenarios {
      let items = try Self.items(report.text(.nagios))
      for projection in report.projections where projection.isOptional != true {
        guard let usable = projection.usableBytes, let need = projection.needBytes else { continue }
        let item = try #require(items.first { $0.label == "\(projection.filesystemLabel)_\(projection.upgrade)" })
        #expect(item.value == (usable + (projection.creditBytes ?? .zero)).bytes)
        #expect(item.critical == (projection.leastNeedBytes ?? need).bytes)
        #expect(item.warning == projection.marginBytes.map { (need + $0).bytes })
        guard let value = item.value, let critical = item.critical, projection.cause == .image else { continue }
        #expect(value < critical)
        seen += 1
      }
    }
    #expect(seen >= 2)
  }

  @Test(
    "negate runs it and turns it round",
    .enabled(if: FileManager.default.isExecutableFile(atPath: negate), "needs the tools negate: run Fixtures/packages"))
  func negateRunsIt() throws {
    let scratch = try ScratchDirectory()
    for (number, report) in (Report.ofScenarios + StrangeReports.many(20)).enumerated() {
      let line = scratch.file("line-\(number)")
      try Data(report.rendered(.nagios)).write(to: URL(fileURLWithPath: line))
      let plugin = scratch.file("check_headroom-\(number)")
      try "#!/bin/sh\ncat '\(line)'\nexit \(GatePolicy.exitCode(ofVerdict: report.verdict, format: .nagios))\n"
        .write(toFile: plugin, atomically: false, encoding: .utf8)
      let result = try Command.run(
        Self.negate, "-s", "-o", "CRITICAL", "-c", "OK", "-w", "UNKNOWN", "-u", "WARNING", "/bin/sh", plugin)
      let (status, word) =
        switch report.verdict {
        case .ok: (2, "CRITICAL")
        case .critical: (0, "OK")
        case .warning: (3, "UNKNOWN")
        case .unknown: (1, "WARNING")
        }
      #expect(result.status == Int32(status), "\(result)")
      #expect(result.text.hasPrefix("HEADROOM \(word) - "), "\(result)")
      #expect(result.lines.count == 1)
    }
  }
}
