import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport
import UpgradeProjection

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "The whole picture: partitions, images, what an upgrade would do, findings, verdict.",
    usage: """
      headroom audit
      headroom audit --sysroot /host --json
      headroom audit --disk node.img
      headroom audit --image /run/initramfs/cos-state/cOS/passive.img
      """,
    discussion: """
      Without a target it audits this machine: the partitions of Harvester, Elemental and Kairos, and the images on \
      COS_STATE and COS_RECOVERY. Exits 0 once it has reported, whatever it found; 3 where something that was named \
      could not be measured.
      """)

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup(title: "Upgrade") var upgrade: UpgradeOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  @Flag(name: .long, help: "Read no image data; what can be given back is then estimated from the bitmaps inside.")
  var quick = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Warn where an image gives back this much: 500M, 10%. Default: 1 GiB or 10 % of the partition, the lesser.",
      valueName: "size|percent"))
  var warnReclaimable: String?

  func validate() throws {
    if let warnReclaimable, SizeThreshold.parse(warnReclaimable) == nil {
      throw ValidationError("'\(warnReclaimable)' is no size: write 500M, 6GiB, 4096 or 10%.")
    }
  }

  func run() throws {
    var request = try targets.request()
    request.depth.readsData = !quick
    request.warnReclaimable = warnReclaimable.flatMap(SizeThreshold.parse)
    request.upgrade = try upgrade.choice()
    request.upgrade.isPartial = !(request.labels.isEmpty && request.devices.isEmpty && request.images.isEmpty)
    let progress = Progress(quiet: output.quiet, verbose: output.verbose)
    var auditor = Auditor(request, monitor: progress.monitor)
    let outcome = try auditor.run(
      tool: Report.Tool(name: ToolVersion.name, version: ToolVersion.version), generatedAt: Clock.timestamp())
    progress.finish()
    for failure in outcome.failures { Output.error(failure) }
    if output.isJSON {
      try output.emit(ReportEncoder.encode(outcome.report), inputs: targets.inputs + upgrade.inputs)
    } else {
      try output.emit(TextReport(outcome.report, style: output.style).render(), inputs: targets.inputs + upgrade.inputs)
    }
    if !outcome.isComplete { throw ExitCode(ExitStatus.unknown) }
  }
}
