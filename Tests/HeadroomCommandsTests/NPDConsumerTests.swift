import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The line as node-problem-detector reads it.
@Suite struct NPDConsumerTests {
  @Test("one line of ASCII, at most 80 bytes, with the verdict, whatever the report holds")
  func oneLineOfASCII() throws {
    for report in Report.ofScenarios + StrangeReports.many(500) {
      let bytes = try report.rendered(.npd)
      #expect(bytes.count <= 80 && bytes.last == 0x0A)
      let line = String(decoding: bytes.dropLast(), as: UTF8.self)
      #expect(line.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "\(line)")
      #expect(line.contains(": \(report.verdict.rawValue.uppercased()): "), "\(line)")
    }
  }

  @Test("a long name leaves room for the verdict and what decides")
  func aLongNameLeavesRoom() throws {
    var report = try #require(Report.ofScenarios.first { $0.verdict == .critical })
    report.host.nodeName = String(repeating: "node", count: 63)
    let line = try report.text(.npd)
    #expect(line.hasPrefix("nodenodenodenodenodenodeno..: CRITICAL: COS_STATE "), "\(line)")
    #expect(line.contains("short"), "\(line)")
  }

  @Test(
    "its exit codes are its own",
    arguments: [(Verdict.ok, Int32(0)), (.warning, 0), (.critical, 1), (.unknown, 2)])
  func exitCodes(_ verdict: Verdict, _ code: Int32) {
    #expect(GatePolicy.exitCode(ofVerdict: verdict, format: .npd) == code)
  }
}
