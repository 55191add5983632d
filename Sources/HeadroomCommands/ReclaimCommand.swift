import ArgumentParser
import Glibc
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport

struct ReclaimCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reclaim", _superCommandName: ToolVersion.name,
    abstract: "Dig holes into images where they hold zeros; a dry run unless told otherwise.",
    usage: """
      headroom reclaim passive.img
      headroom reclaim --label COS_STATE
      headroom reclaim --label COS_STATE --apply --remount
      headroom reclaim --apply --verify passive.img
      """,
    discussion: """
      Says what each image would give back, what the filesystem gains and what the upgrade then has. With --apply \
      whole allocation units that read as zeros are punched, each read again right before, under a write lease that \
      keeps others out. An image that is in use for writing, open, immutable or damaged is refused. Content and size \
      stay; the modification time changes.
      """)

  @Argument(help: ArgumentHelp("Image files.", valueName: "image"), completion: .file())
  var images: [String] = []

  @Option(
    help: "All images on the mounted filesystem with this label. Repeatable.",
    completion: .list(["COS_STATE", "COS_RECOVERY"]))
  var label: [String] = []

  @Option(
    name: [.long, .customLong("root")],
    help: ArgumentHelp(
      "The node's root directory, where it is mounted elsewhere (or $HEADROOM_SYSROOT).", valueName: "directory"),
    completion: .directory)
  var sysroot: String?

  @Flag(help: "Punch the holes.")
  var apply = false

  @Flag(help: "With --apply: make a read-only mount writable for the duration.")
  var remount = false

  @Flag(help: "With --apply: compare the whole content before and after.")
  var verify = false

  @Option(help: ArgumentHelp("Leave shorter runs of zeros alone: each hole costs an extent.", valueName: "size"))
  var minRun: String?

  @Option(
    help: ArgumentHelp("Leave one check out. Repeatable.", valueName: "reason"))
  var force: [ReclaimObjection.Reason] = []

  @OptionGroup(title: "Upgrade") var upgrade: UpgradeOptions
  @OptionGroup(title: "Format") var format: FormatOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func validate() throws {
    if images.isEmpty, label.isEmpty { throw ValidationError("Name an image, or --label.") }
    if images.contains("") || label.contains("") || sysroot == "" {
      throw ValidationError("Images, --label and --sysroot need a name.")
    }
    if remount || verify, !apply { throw ValidationError("--remount and --verify go with --apply.") }
    if let minRun, SizeText.parse(minRun).map({ $0 < .zero }) ?? true {
      throw ValidationError("--min-run: '\(minRun)' is no size: write 64K, 1MiB or 4096.")
    }
  }

  func run() throws {
    var request = ReclaimRequest()
    if let sysroot = sysroot ?? getenv("HEADROOM_SYSROOT").map({ String(cString: $0) }), !sysroot.isEmpty {
      let path = FilePath(sysroot)
      let root = try ReadOnlyFile.open(path, expecting: .directory, operation: "use as the node's root")
      request.sysroot = Sysroot(root.resolvedPath ?? path)
    }
    request.images = images.map { FilePath($0) }
    request.labels = label
    request.applies = apply
    request.remounts = remount
    request.verifies = verify
    request.shortestRun = UInt64(clamping: minRun.flatMap(SizeText.parse)?.bytes ?? 0)
    request.forced = Set(force)
    let progress = Progress(quiet: output.quiet, verbose: output.verbose)
    var monitor = progress.monitor
    if upgrade.incoming != nil { monitor.onStage("measuring the payload") }
    request.upgrade = try upgrade.choice(Settings.load(file: nil))
    let inputs = request.images + upgrade.inputs
    if apply {
      try output.checkFirst(inputs: inputs)
      DeferredInterruption.install()
      monitor.isCancelled = { DeferredInterruption.isRequested }
    }
    let tool = Report.Tool(name: ToolVersion.name, version: ToolVersion.version, command: .audit)
    var reclaimer = Reclaimer(request, monitor: monitor, tool: tool, generatedAt: Clock.timestamp())
    let outcome: ReclaimOutcome
    do throws(StorageError) { outcome = try reclaimer.run() } catch {
      progress.finish()
      if let code = DeferredInterruption.exitCode { throw ExitCode(code) }
      throw error
    }
    progress.finish()
    for failure in outcome.failures { Output.error(failure) }
    if format.isJSON {
      try output.emit(ReportEncoder.encode(outcome.report), inputs: inputs)
    } else {
      try output.emit(ReclaimText(outcome.report, style: output.style).render(), inputs: inputs)
    }
    if let code = DeferredInterruption.exitCode { throw ExitCode(code) }
    if !outcome.failures.isEmpty { throw ExitCode(ExitStatus.unknown) }
  }
}

extension ReclaimObjection.Reason: ExpressibleByArgument {}
