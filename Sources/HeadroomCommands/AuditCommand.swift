import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport
import UpgradeProjection

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", _superCommandName: ToolVersion.name,
    abstract: "The whole picture: partitions, images, what an upgrade would do, findings, verdict.",
    usage: """
      headroom audit
      headroom audit --json --output-file node.json
      headroom audit --sysroot /host
      headroom audit --disk node.img
      headroom audit --image /run/initramfs/cos-state/cOS/passive.img
      """,
    discussion: """
      Without a target it audits this machine: the partitions of Harvester, Elemental and Kairos, and the images on \
      COS_STATE and COS_RECOVERY. Run it as root: what could not be read is listed under "Not seen". Exits 0 once it has \
      reported, whatever it found; 3 where something that was named could not be measured.
      """)

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup(title: "Upgrade") var upgrade: UpgradeOptions
  @OptionGroup(title: "Thresholds") var thresholds: ThresholdOptions
  @OptionGroup(title: "Report") var report: ReportOptions

  @Flag(name: .long, help: "Read no image data; what can be given back is then estimated from the bitmaps inside.")
  var quick = false

  func run() throws {
    let settings = try thresholds.settings()
    var request = try targets.request()
    request.depth.readsData = !quick
    request.warnReclaimable = settings.warnReclaimable
    request.upgrade = try upgrade.choice(settings)
    request.upgrade.isPartial = !targets.isWhole
    let run = ReportRun(report, .audit)
    defer { run.progress.finish() }
    var auditor = Auditor(request, monitor: run.progress.monitor)
    let outcome = try auditor.run(tool: run.tool, generatedAt: Clock.timestamp())
    run.progress.finish()
    for failure in outcome.failures { Output.error(failure) }
    try report.emit(outcome.report, inputs: targets.inputs + upgrade.inputs, settings: settings)
    if !outcome.isComplete { throw ExitCode(ExitStatus.unknown) }
  }
}
