import SpaceReport
import Testing

@Suite struct VerdictTests {
  private static func finding(_ id: Finding.ID, _ severity: Finding.Severity) -> Finding {
    Finding(id, severity, target: "t", message: "m")
  }

  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var findings: [Finding]
    var verdict: Verdict
  }

  static let rows: [Row] = [
    Row(testDescription: "nothing", findings: [], verdict: .ok),
    Row(testDescription: "infos", findings: [finding(.recoveryNotSparse, .info)], verdict: .ok),
    Row(
      testDescription: "a warning among infos",
      findings: [finding(.recoveryNotSparse, .info), finding(.imageNotSparse, .warning)], verdict: .warning),
    Row(testDescription: "a missing label", findings: [finding(.labelMissing, .warning)], verdict: .unknown),
    Row(testDescription: "an unreadable image", findings: [finding(.imageUnreadable, .warning)], verdict: .unknown),
    Row(
      testDescription: "an unreadable partition", findings: [finding(.partitionUnreadable, .warning)], verdict: .unknown
    ),
    Row(
      testDescription: "unknown before a warning",
      findings: [finding(.imageNotSparse, .warning), finding(.labelMissing, .warning)], verdict: .unknown),
    Row(
      testDescription: "critical before unknown",
      findings: [finding(.labelMissing, .warning), finding(.labelAmbiguous, .critical)], verdict: .critical),
    Row(
      testDescription: "a critical finding is critical whatever it is about",
      findings: [finding(.imageUnreadable, .critical)], verdict: .critical),
    Row(
      testDescription: "a finding this version does not know",
      findings: [finding(Finding.ID(rawValue: "from-the-future"), .warning)], verdict: .warning),
  ]

  @Test("the worst finding makes the verdict, in whatever order", arguments: rows)
  func theWorstFindingMakesTheVerdictInWhateverOrder(row: Row) {
    #expect(Verdict.worst(of: row.findings) == row.verdict)
    #expect(Verdict.worst(of: row.findings.reversed()) == row.verdict)
    #expect(Samples.report([], findings: row.findings).verdict == row.verdict)
  }

  @Test(
    "each verdict has its exit code",
    arguments: [(Verdict.ok, 0), (.warning, 1), (.critical, 2), (.unknown, 3)] as [(Verdict, Int32)])
  func eachVerdictHasItsExitCode(verdict: Verdict, code: Int32) {
    #expect(verdict.exitCode == code)
  }

  @Test("findings stand worst first, then by id, target and message")
  func findingsStandWorstFirstThenByIdTargetAndMessage() {
    let sorted = [
      Finding(.labelAmbiguous, .critical, target: "b", message: ""),
      Finding(.imageNotSparse, .warning, target: "a", message: ""),
      Finding(.imageNotSparse, .warning, target: "b", message: "a"),
      Finding(.imageNotSparse, .warning, target: "b", message: "b"),
      Finding(.imageZeroData, .warning, target: "a", message: ""),
      Finding(.backingFileDeleted, .info, target: "a", message: ""),
    ]
    #expect(sorted.reversed().sorted() == sorted)
    #expect(Samples.report([], findings: sorted.reversed()).findings == sorted)
  }

  @Test("ids are stable") func idsAreStable() {
    let ids: [Finding.ID] = [
      .imageNotSparse, .imageZeroData, .recoveryNotSparse, .imageUnreadable, .imageOvercommitted,
      .imageChangedWhileReading, .upgradeLeftovers, .labelAmbiguous, .labelMissing, .backingFileDeleted,
      .partitionUnreadable,
    ]
    #expect(
      ids.map(\.rawValue) == [
        "image-not-sparse", "image-zero-data", "recovery-not-sparse", "image-unreadable", "image-overcommitted",
        "image-changed-while-reading", "upgrade-leftovers", "label-ambiguous", "label-missing", "backing-file-deleted",
        "partition-unreadable",
      ])
  }
}
