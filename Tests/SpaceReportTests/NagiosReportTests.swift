import SpaceModel
import Testing

@testable import SpaceReport

@Suite struct NagiosReportTests {
  @Test("the line, its thresholds those of the projection")
  func theLine() {
    #expect(
      NagiosReport(ReportSummaryTests.report(.silentCorruption, headroom: .mebibytes(-1024))).render()
        == "HEADROOM CRITICAL - quo: COS_STATE: upgrade to v1.8.1 needs 1.00 GiB more, every command would exit 0 and the "
        + "image would be damaged|'COS_STATE_system'=4294967296B;5637144576:;5368709120:;0;8350298112\n")
  }

  @Test("what is not known is U, and a range's lower end is critical")
  func whatIsNotKnownIsU() {
    var report = ReportSummaryTests.report(.unknown, headroom: .mebibytes(-1024))
    report.projections[0].leastNeedBytes = .gibibytes(3)
    #expect(
      NagiosReport(report).render().hasSuffix("|'COS_STATE_system'=4294967296B;5637144576:;3221225472:;0;8350298112\n"))
    report.projections[0].usableBytes = nil
    report.projections[0].marginBytes = nil
    #expect(NagiosReport(report).render().hasSuffix("|'COS_STATE_system'=U;;3221225472:;0;8350298112\n"))
  }

  @Test("labels keep to the guidelines")
  func labelsKeepToTheGuidelines() {
    let labels = ["it's=a|b;$(x)", "COS_PERSISTENT_AND_LONG_1", "COS_PERSISTENT_AND_LONG_2", "ünï"]
    let partitions = labels.enumerated().map { number, label in
      var partition = Partition(device: FilePath("/dev/sd\(number)"), state: .mounted)
      partition.filesystemLabel = label
      partition.usableBytes = ByteCount(Int64(number))
      return partition
    }
    let data = PerformanceData(Samples.report(partitions)).items
    #expect(
      data == [
        "'COS_PERSISTENT_AND_LONG_1_usable'=1B;;;0;", "'2_COS_PERSISTENT_AND_LONG_2_usable'=2B;;;0;",
        "'it_s_a_b___x__usable'=0B;;;0;", "'_n__usable'=3B;;;0;",
      ])
  }

  @Test("nothing in the text ends it or is for a shell")
  func nothingInTheTextEndsIt() {
    let finding = Finding(.imageLostWrites, .critical, target: "a|b", message: "$(x) `y` <z> & \"q\" 'r'; more.")
    let line = NagiosReport(Samples.report([], findings: [finding], node: "q\nu|o")).render()
    #expect(
      line
        == "HEADROOM CRITICAL - q\\x0au\\x7co: a\\x7cb: \\x24(x) \\x60y\\x60 \\x3cz\\x3e \\x26 \\x22q\\x22 \\x27r\\x27, more\n"
    )
  }
}
