import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport
import UpgradeProjection

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
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
  @OptionGroup(title: "Output") var output: OutputOptions

  @Option(help: ArgumentHelp("Project from a saved report of headroom audit --json.", valueName: "file"))
  var report: String?

  @Option(help: ArgumentHelp("Write what was measured of the payload, for --incoming elsewhere.", valueName: "file"))
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
    var request = try targets.request()
    request.depth.readsData = !quick
    let progress = Progress(quiet: output.quiet, verbose: output.verbose)
    progress.monitor.onStage("measuring the payload")
    let choice = try upgrade.choice()
    let tool = Report.Tool(name: ToolVersion.name, version: ToolVersion.version)
    var card: PayloadCard?
    if let savePayload, let payload = choice.payload {
      let made = PayloadReading.card(of: payload, choice, tool: tool, generatedAt: Clock.timestamp())
      try OutputFile(FilePath(savePayload), inputs: inputs).write(ReportEncoder.encode(made))
      card = made
    }
    let planned: Report
    if let report {
      planned = try UpgradePlan.report(choice, from: try SavedReport.read(FilePath(report)))
    } else {
      request.upgrade = choice
      var auditor = Auditor(request, monitor: progress.monitor)
      let outcome = try auditor.run(tool: tool, generatedAt: Clock.timestamp())
      for failure in outcome.failures { Output.error(failure) }
      planned = try UpgradePlan.report(outcome.upgrade, from: outcome.report)
    }
    progress.finish()
    if let card, planned.projections.isEmpty, report == nil, !targets.namesAnything {
      // On a desk there is no node to plan for: the card is what was asked for.
      if output.isJSON {
        try output.emit(ReportEncoder.encode(card), inputs: inputs)
      } else {
        try output.emit(PayloadText(card, style: output.style).render(), inputs: inputs)
      }
      return
    }
    if output.isJSON {
      try output.emit(ReportEncoder.encode(planned), inputs: inputs)
    } else {
      try output.emit(PlanText(planned, style: output.style).render(), inputs: inputs)
    }
    throw ExitCode(planned.verdict.exitCode)
  }

  /// Everything that is read; none of it is written over.
  private var inputs: [FilePath] { targets.inputs + upgrade.inputs + [report].compactMap { $0.map { FilePath($0) } } }
}
