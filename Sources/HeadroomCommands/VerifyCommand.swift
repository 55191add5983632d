import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", _superCommandName: ToolVersion.name,
    abstract: "Was the image written whole? Names every file that was not.",
    usage: """
      headroom verify
      headroom verify /run/initramfs/cos-state/cOS/active.img
      headroom verify --disk node.img --json
      headroom verify --disk node.img --against rootfs.squashfs
      """,
    discussion: """
      Writes into a sparse image on a full partition are dropped, and nothing says so. This finds what is missing: blocks \
      that the filesystem inside calls used and that were never written. Without an image all of the node's are verified. \
      The exit code is the answer: 0 clean, 1 suspect, 2 damaged, 3 unknown.
      """)

  @Argument(help: ArgumentHelp("Images; without one, all on the targets.", valueName: "image"), completion: .file())
  var images: [String] = []

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup(title: "Report") var report: ReportOptions

  @Option(
    help: ArgumentHelp(
      "What the image was made from (directory, squashfs, ISO, image): every file is compared.", valueName: "path"),
    completion: .file())
  var against: String?

  @Flag(help: "With --against: compare modes, owners, link targets and extended attributes, too.")
  var attributes = false

  @Option(
    help: ArgumentHelp("A kernel log of the time it was written.", valueName: "file"), completion: .file())
  var kernelLog: String?

  func validate() throws {
    if attributes, against == nil {
      throw ValidationError("--attributes compares with what --against names: give both.")
    }
    if quick, against != nil {
      throw ValidationError("--against reads all data, which --quick forbids: give one of them.")
    }
  }

  @Flag(help: "Read no file data: only what shows without it.")
  var quick = false

  func run() throws {
    var request = try targets.request()
    request.images += images.map { FilePath($0) }
    request.depth.readsData = false
    request.depth.answersForNamed = true
    request.depth.against = against.map { FilePath($0) }
    request.depth.comparesAttributes = attributes
    request.depth.kernelLog = kernelLog.map { FilePath($0) }
    request.depth.verification = quick ? .quick : .whole
    let run = ReportRun(report, .verify)
    defer { run.progress.finish() }
    var auditor = Auditor(request, monitor: run.progress.monitor)
    let outcome = try auditor.run(tool: run.tool, generatedAt: Clock.timestamp())
    run.progress.finish()
    for failure in outcome.failures { Output.error(failure) }
    let verified = outcome.report.ofIntegrity
    let inputs = targets.inputs + (images + [against, kernelLog].compactMap { $0 }).map { FilePath($0) }
    try report.emit(verified, inputs: inputs)
    throw ExitCode(GatePolicy.exitCode(ofVerdict: verified.verdict, format: report.format))
  }
}
