import ArgumentParser
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport
import UpgradeProjection

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", _superCommandName: ToolVersion.name,
    abstract: "Will an upgrade fit? Step by step, and what would help.",
    usage: """
      headroom plan --to v1.8.1 --incoming rootfs.squashfs
      headroom plan --disk node.img --incoming v1.8.1.iso
      headroom plan --incoming v1.8.1.iso --save-payload v1.8.1.json
      headroom plan --report audit.json --incoming v1.8.1.json
      """,
    discussion: """
      Without a payload the new system is taken to be as large as the installed one, up to 30 % larger: an estimate. \
      The exit code is the verdict: 0 it fits, 1 it fits with less to spare than the margin, 2 it does not fit, 3 that \
      cannot be said.
      """)

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup(title: "Upgrade") var upgrade: UpgradeOptions
  @OptionGroup(title: "Thresholds") var thresholds: ThresholdOptions
  @OptionGroup(title: "Report") var reporting: ReportOptions

  @Option(
    help: ArgumentHelp("Project from a saved report of headroom audit --json.", valueName: "file"), completion: .file())
  var report: String?

  @Option(
    help: ArgumentHelp("Write what was measured of the payload, for --incoming elsewhere.", valueName: "file"),
    completion: .file())
  var savePayload: String?

  @Flag(help: "Read no image data; what digging gives back is then estimated.")
  var quick = false

  func validate() throws {
    if report != nil, targets.namesAnything {
      throw ValidationError("--report takes the place of a target: name one of them.")
    }
    if !targets.image.isEmpty {
      throw ValidationError("An image file alone has no free space to plan with: name its disk, device or node.")
    }
    if savePayload != nil, upgrade.incoming == nil {
      throw ValidationError("--save-payload saves what --incoming measures: give both.")
    }
  }

  func run() throws {
    let settings = try thresholds.settings()
    var request = try targets.request()
    request.depth.readsData = !quick
    request.warnReclaimable = settings.warnReclaimable
    let run = ReportRun(reporting, .plan)
    defer { run.progress.finish() }
    run.progress.monitor.onStage("measuring the payload")
    let choice = try upgrade.choice(settings)
    var card: PayloadCard?
    if let savePayload, let payload = choice.payload {
      let made = PayloadReading.card(of: payload, choice, tool: run.tool, generatedAt: Clock.timestamp())
      try OutputFile(FilePath(savePayload), inputs: inputs).write(ReportEncoder.encode(made))
      card = made
    }
    var planned: Report
    if let report {
      planned = try UpgradePlan.report(choice, from: try SavedReport.read(FilePath(report)))
      planned.tool = run.tool
    } else {
      request.upgrade = choice
      var auditor = Auditor(request, monitor: run.progress.monitor)
      let outcome = try auditor.run(tool: run.tool, generatedAt: Clock.timestamp())
      for failure in outcome.failures { Output.error(failure) }
      planned = try UpgradePlan.report(
        outcome.upgrade, from: outcome.report, sysroot: request.sysroot.pathIfElsewhere)
    }
    run.progress.finish()
    if let card, planned.projections.isEmpty, report == nil, !targets.namesAnything {
      // On a desk there is no node to plan for: the card is what was asked for.
      return try emit(card)
    }
    try reporting.emit(planned, inputs: inputs, settings: settings)
    throw ExitCode(GatePolicy.exitCode(ofVerdict: planned.verdict, format: reporting.format))
  }

  private func emit(_ card: PayloadCard) throws {
    let output = reporting.output
    switch reporting.format {
    case .json: try output.emit(ReportEncoder.encode(card), inputs: inputs)
    default: try output.emit(PayloadText(card, style: output.style).render(), inputs: inputs)
    }
  }

  /// Everything that is read; none of it is written over.
  private var inputs: [FilePath] { targets.inputs + upgrade.inputs + [report].compactMap { $0.map { FilePath($0) } } }
}
