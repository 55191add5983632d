import SpaceModel
import TestSupport
import Testing

@testable import SpaceReport

@Suite struct ReportSummaryTests {
  /// An upgrade of COS_STATE to v1.8.1.
  static func projection(_ outcome: Projection.Outcome, headroom: ByteCount) -> Projection {
    var projection = Projection(
      filesystemLabel: "COS_STATE", upgrade: "system", profile: "harvester", profileSource: "detected",
      model: "two-copy",
      outcome: outcome, reason: "The image does not fit.")
    projection.device = "/dev/sda4"
    projection.target = "v1.8.1"
    projection.cause = headroom < .zero ? .image : nil
    projection.usableBytes = .gibibytes(4)
    projection.needBytes = .gibibytes(4) - headroom
    projection.headroomBytes = headroom
    projection.marginBytes = .mebibytes(256)
    return projection
  }

  static func report(
    _ outcome: Projection.Outcome, headroom: ByteCount, more: [Finding] = [], node: String? = "quo"
  ) -> Report {
    let projection = projection(outcome, headroom: headroom)
    let partition = Samples.state([Samples.image()])
    var report = Samples.report(
      [partition],
      findings: more + ProjectionRules().findings(for: [projection], on: [partition], boot: BootState(mode: .active)),
      node: node)
    report.projections = [projection]
    return report
  }

  @Test(
    "the line says what decides",
    arguments: [
      (
        Projection.Outcome.silentCorruption, Int64(-795),
        "quo: CRITICAL: COS_STATE: upgrade to v1.8.1 needs 795 MiB more; every command would exit 0 and the image would be damaged"
      ),
      (
        .loudFailure, -795,
        "quo: CRITICAL: COS_STATE: upgrade to v1.8.1 needs 795 MiB more; it would fail and the node would stay as it is"
      ),
      (
        .tight, 100,
        "quo: WARNING: COS_STATE: upgrade to v1.8.1 fits, but leaves only 100 MiB, less than the margin of 256 MiB"
      ),
      (.fits, 1024, "quo: OK: upgrade to v1.8.1 fits, 1.00 GiB to spare on COS_STATE"),
      (.unknown, -10, "quo: UNKNOWN: COS_STATE: The image does not fit"),
    ])
  func theLineSaysWhatDecides(_ outcome: Projection.Outcome, _ headroom: Int64, _ line: String) {
    #expect(ReportSummary(Self.report(outcome, headroom: .mebibytes(headroom))).line() == line)
  }

  @Test("what an upgrade would damage decides before what is damaged already")
  func anUpgradeDecidesBeforeWhatIsDamagedAlready() {
    let lost = Finding(.imageLostWrites, .critical, target: "COS_STATE:cOS/active.img", message: "It lost 4 KiB. Much.")
    var report = Self.report(.silentCorruption, headroom: .mebibytes(-5), more: [lost])
    #expect(ReportSummary(report).statement.hasPrefix("COS_STATE: upgrade to v1.8.1 needs 5.00 MiB more"))
    report.projections = []
    #expect(ReportSummary(report).statement == "COS_STATE:cOS/active.img: It lost 4 KiB")
  }

  @Test("a damaged active image is said before space that is short") func damageFirst() {
    var report = Self.report(.silentCorruption, headroom: .mebibytes(-5))
    var active = Samples.image("cOS/active.img", role: .active)
    active.integrity = Integrity(state: .damaged, reason: "4 KiB were never written.", checked: ["holes"])
    report.partitions[0].images = [active]
    report.findings.append(
      Finding(.imageLostWrites, .critical, target: "COS_STATE:cOS/active.img", message: "4 KiB were never written."))
    #expect(
      ReportSummary(report).line() == "quo: CRITICAL: COS_STATE:cOS/active.img: 4 KiB were never written")
  }

  @Test("what is ignored decides nothing and is not hidden")
  func whatIsIgnoredDecidesNothing() {
    var report = Self.report(.silentCorruption, headroom: .mebibytes(-5))
    report.findings[0].ignored = true
    report.verdict = .ok
    let summary = ReportSummary(report)
    // An OK that goes on with how bad it is would be no answer.
    #expect(summary.line() == "quo: OK: 1 image measured, nothing that counts is wrong (ignored: upgrade-space)")
    #expect(summary.remedy == nil)
    #expect(summary.block(limit: 4096).contains("\ncritical upgrade-space COS_STATE: "))
    #expect(summary.block(limit: 4096).contains("(ignored)\n"))
  }

  @Test("without a node's name the disk's file speaks")
  func withoutANodesNameTheDisksFileSpeaks() {
    func subject(_ device: FilePath, node: String? = nil) -> String {
      ReportSummary(Samples.report([Partition(device: device, state: .offline)], node: node)).subject
    }
    #expect(subject("/dev/sda1") == "this node")
    #expect(subject("/home/x/quo.img#4") == "quo.img")
    #expect(subject("quo.img") == "quo.img")
    #expect(subject("a#b.img#12") == "a#b.img")
    #expect(subject("#1") == "#1")
    #expect(subject("/dev/sda1", node: "a\nb\u{1B}[m") == "a\\x0ab\\x1b[m")
    #expect(subject("/dev/sda1", node: "") == "this node")
  }

  @Test("verify says how many images it looked into")
  func verifySaysHowManyImagesItLookedInto() {
    var image = Samples.image()
    image.integrity = Integrity(state: .clean, reason: "All is there.")
    var report = Samples.report([Samples.state([image])], node: "quo")
    #expect(ReportSummary(report.ofIntegrity).line() == "quo: OK: 1 image verified, nothing is lost")
    report.partitions[0].images = [Samples.image()]
    #expect(ReportSummary(report.ofIntegrity).line() == "quo: UNKNOWN: no image was verified")
  }

  // MARK: The block

  @Test("the block: the line, what to do, the others worst first, what was not seen")
  func theBlock() {
    var report = Self.report(
      .silentCorruption, headroom: .mebibytes(-5),
      more: [
        Finding(.recoveryNotSparse, .info, target: "R", message: "Dense."),
        Finding(.imageNotSparse, .warning, target: "P", message: "Dense.", remedy: "fallocate P"),
        Finding(.imageUnreadable, .warning, target: "U", message: "It is not readable."),
      ])
    report.limits = [Limit("x", "Nothing of sdb.")]
    let index = report.findings.firstIndex { $0.id == .upgradeSpace } ?? 0
    report.findings[index].remedy = "mount x\nrm y"
    #expect(
      ReportSummary(report).block(limit: 4096) == """
        quo: CRITICAL: COS_STATE: upgrade to v1.8.1 needs 5.00 MiB more; every command would exit 0 and the image would be damaged
        Do:
          mount x
          rm y
        warning image-unreadable U: It is not readable.
        warning image-not-sparse P: Dense.
        info recovery-not-sparse R: Dense.
        not seen: Nothing of sdb.

        """)
  }

  @Test("the block keeps any limit, cuts no character in two and no command at all")
  func theBlockKeepsAnyLimit() {
    var report = Self.report(.silentCorruption, headroom: .mebibytes(-5), node: "knöten-\u{1F4BE}")
    let commands = "rm -r --one-file-system '/run/ünicode/😀'"
    for index in report.findings.indices { report.findings[index].remedy = "mount é\n\(commands)" }
    report.findings.append(
      Finding(.imageNotSparse, .warning, target: "é😀", message: String(repeating: "ü😀 ", count: 40)))
    for limit in 0...700 {
      let block = ReportSummary(report).block(limit: limit)
      #expect(block.utf8.count <= limit)
      #expect(!block.contains("\u{FFFD}") && (block.isEmpty || block.last == "\n"))
      #expect(!block.contains("rm ") || block.contains("  \(commands)\n"))
    }
  }

  @Test(
    "what is cut ends behind a word",
    arguments: [
      ("one two three", 13, "one two three"), ("one two three", 12, "one two.."), ("éé", 3, ".."), ("ééé", 4, "é.."),
      ("abc", 0, ""), ("abcdefgh", 5, "abc.."),
    ])
  func whatIsCutEndsBehindAWord(_ text: String, _ limit: Int, _ cut: String) {
    #expect(ShortText.cut(text, to: limit) == cut)
  }
}
