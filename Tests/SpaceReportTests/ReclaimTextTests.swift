import SpaceModel
import SpaceReport
import Testing

/// What people read of a run.
@Suite struct ReclaimTextTests {
  private func report(_ state: ReclaimReport.Image.State, applied: Bool) -> ReclaimReport {
    var image = ReclaimReport.Image(path: "cOS/passive.img")
    image.state = state
    image.rangeCount = 3
    image.rangeBytes = .mebibytes(64)
    image.gain = .mebibytes(64)
    image.leastGain = .mebibytes(63)
    if applied { image.punchedBytes = .mebibytes(64) }
    var filesystem = ReclaimReport.Filesystem(
      device: "/dev/sda4", isMountedReadOnly: true, freeBefore: .mebibytes(100))
    filesystem.label = "COS_STATE"
    if applied { filesystem.freeAfter = .mebibytes(164) }
    filesystem.images = [image]
    var report = ReclaimReport(
      generatedAt: "2026-01-01T00:00:00Z", toolName: "headroom", toolVersion: "0", applied: applied)
    report.filesystems = [filesystem]
    return report
  }

  private func text(_ report: ReclaimReport) -> String {
    ReclaimText(report, style: TextStyle(width: 200)).render()
  }

  @Test("a dry run says what would come and how to do it") func aDryRunSaysWhatWouldCome() {
    #expect(
      text(report(.planned, applied: false)) == """
        cOS/passive.img: 64.0 MiB of zeros in 3 runs would be punched.
        COS_STATE: 100 MiB free, would gain 64.0 MiB (at least 63.0 MiB).
        Nothing was changed. Do it with --apply --remount.

        """)
  }

  @Test("afterwards what was claimed stands beside what was gained") func afterwardsClaimedStandsBesideGained() {
    #expect(
      text(report(.done, applied: true)).contains(
        "100 MiB free before, 164 MiB after: gained 64.0 MiB, foretold 64.0 MiB (at least 63.0 MiB)."))
  }

  @Test("a refusal says why, and which word leaves the check out") func aRefusalSaysWhy() {
    var report = report(.refused, applied: true)
    report.filesystems[0].images[0].objections = [
      ReclaimObjection(.open, "process 1 (a\u{1B}b) has it open", forced: false)
    ]
    let text = text(report)
    #expect(text.contains("--force=open"))
    #expect(!text.contains("\u{1B}"))
  }

  @Test("a mount that stays writable is shouted") func aMountThatStaysWritableIsShouted() {
    var report = report(.done, applied: true)
    report.filesystems[0].remounted = true
    report.filesystems[0].leftWritable = true
    #expect(text(report).contains("could not be made read-only again"))
  }
}
