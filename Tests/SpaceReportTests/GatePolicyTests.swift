import SpaceReport
import Testing

@Suite("A gate's exit codes") struct GatePolicyTests {
  struct Row: Sendable {
    var verdict: Verdict
    var usual: Int32
    var failingOnWarning: Int32
    var passingUnknown: Int32
    var nagios: Int32
    var npd: Int32
  }

  @Test(
    "each verdict has one number for each reader",
    arguments: [
      Row(verdict: .ok, usual: 0, failingOnWarning: 0, passingUnknown: 0, nagios: 0, npd: 0),
      Row(verdict: .warning, usual: 0, failingOnWarning: 1, passingUnknown: 0, nagios: 1, npd: 0),
      Row(verdict: .critical, usual: 2, failingOnWarning: 2, passingUnknown: 2, nagios: 2, npd: 1),
      Row(verdict: .unknown, usual: 3, failingOnWarning: 3, passingUnknown: 0, nagios: 3, npd: 2),
    ])
  func table(row: Row) {
    let policies = [
      (GatePolicy(), row.usual), (GatePolicy(failOn: .warning), row.failingOnWarning),
      (GatePolicy(onUnknown: .pass), row.passingUnknown),
    ]
    for format in ReportFormat.allCases {
      for (policy, expected) in policies {
        let code = policy.exitCode(row.verdict, format: format)
        switch format {
        case .nagios: #expect(code == row.nagios)
        case .npd: #expect(code == row.npd)
        case .harvesterValidator: #expect(code == 0)
        case .text, .json, .ndjson, .prometheus, .html, .markdown: #expect(code == expected, "\(format) \(policy)")
        }
      }
      let plain = GatePolicy.exitCode(ofVerdict: row.verdict, format: format)
      switch format {
      case .npd: #expect(plain == row.npd)
      case .harvesterValidator: #expect(plain == 0)
      case .nagios, .text, .json, .ndjson, .prometheus, .html, .markdown: #expect(plain == row.verdict.exitCode)
      }
    }
  }

  @Test("what is ignored is recorded and does not count") func ignored() {
    let finding = Finding(.imageNotSparse, .warning, target: "COS_STATE:cOS/passive.img", message: "M.")
    let report = Samples.report([Samples.state()], findings: [finding])
    #expect(report.verdict == .warning)
    let without = report.ignoring([.imageNotSparse])
    #expect(without.verdict == .ok)
    #expect(without.findings.map(\.ignored) == [true])
    #expect(report.ignoring([.imageZeroData]) == report)
  }
}
