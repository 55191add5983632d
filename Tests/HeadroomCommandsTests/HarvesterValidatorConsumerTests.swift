import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The lines by the rule of Harvester's pre-check, with the grep it runs.
@Suite struct HarvesterValidatorConsumerTests {
  /// Lines in which the script sees a failure, in whatever locale it runs.
  private func failures(_ report: Report) throws -> [Substring] {
    let text = try report.rendered(.harvesterValidator)
    let found = try ["C", "C.UTF-8"].map { locale in
      try Command.run("grep", "-iE", "ERROR|FATAL", environment: ["LC_ALL": locale], input: text)
    }
    #expect(found[0].lines == found[1].lines && found[0].status <= 1)
    return found[0].lines
  }

  @Test("a failure is seen where the verdict is critical or unknown, and nowhere else")
  func aFailureIsSeenWhereItIsMeant() throws {
    for report in Report.ofScenarios {
      let isFailure = report.verdict == .critical || report.verdict == .unknown
      let found = try failures(report)
      #expect(found.isEmpty != isFailure, "\(found)")
    }
  }

  @Test("only lines that are meant match, whatever files and nodes are called")
  func onlyLinesThatAreMeantMatch() throws {
    for report in StrangeReports.many(150) {
      let text = try report.text(.harvesterValidator)
      let lines = text.split(separator: "\n")
      let found = try failures(report)
      #expect(found.allSatisfy { $0.hasPrefix("ERROR: ") }, "\(text)")
      // The word that is meant is the only one in its line.
      let rest = found.map { $0.dropFirst(5).lowercased() }
      #expect(!rest.contains { $0.contains("error") || $0.contains("fatal") }, "\(text)")
      let expected = report.findings.contains {
        $0.ignored != true && ($0.severity == .critical || $0.meansUnknown)
      }
      #expect(!found.isEmpty == (expected || report.verdict == .critical || report.verdict == .unknown), "\(text)")
      #expect(lines.last?.hasPrefix("RESULT: ") == true && lines.filter { $0.hasPrefix("RESULT: ") }.count == 1)
    }
  }

  @Test("a file called error.log stays readable")
  func aFileCalledErrorLogStaysReadable() throws {
    var host = Report.Host()
    host.nodeName = "quo"
    var ignored = Finding(.imageLostWrites, .critical, target: "COS_STATE:a", message: "Input/output error.")
    ignored.ignored = true
    let report = Report(
      generatedAt: "2026-02-03T04:05:06Z", tool: Report.Tool(name: "headroom", version: "1"), host: host, limits: [],
      partitions: [],
      findings: [
        Finding(.imageNotSparse, .warning, target: "COS_STATE:cOS/error.log", message: "FATAL.img is dense."), ignored,
      ])
    #expect(
      try report.text(.harvesterValidator) == """
        WARN: quo: image-not-sparse: COS_STATE:cOS/err\\x6fr.log: FAT\\x41L.img is dense.
        INFO: quo: (ignored) image-lost-writes: COS_STATE:a: Input/output err\\x6fr.
        RESULT: quo: Validation completed.

        """)
  }
}
