import ArgumentParser
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport

struct FleetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet", _superCommandName: ToolVersion.name,
    abstract: "The reports of a cluster's nodes as one table, the worst node first.",
    usage: """
      headroom fleet reports/
      headroom fleet node1.json node2.json --expect nodes.txt
      headroom fleet supportbundle.zip --max-age 30d
      for n in $NODES; do ssh $n sudo headroom audit -J; done | headroom fleet -
      """,
    discussion: """
      Reads what audit, check, plan and verify wrote with --json, and keeps the newest report of each node. The exit \
      code is the worst verdict: 0 ok, 1 warning, 2 critical, 3 unknown. A node without a report, an old report and one \
      that cannot be read are named, and unknown at least. In a directory, files that end in .json, .ndjson, .zip, .log \
      or .txt are looked at.
      """)

  @Argument(
    help: ArgumentHelp("Files, directories and support bundles; - is standard input.", valueName: "report"),
    completion: .file())
  var paths: [String]

  @Option(
    help: ArgumentHelp(
      "Nodes that should have a report: a name a line, as kubectl get nodes -o name gives them.", valueName: "file"),
    completion: .file())
  var expect: String?

  @Option(
    help: ArgumentHelp(
      "An older report does not count as ok: 36h, 7d, 4w (default: 7d).", valueName: "duration"))
  var maxAge: String?

  @OptionGroup(title: "Format") var format: FormatOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  /// Timers run daily or weekly; a node that missed more than one run is worth a look.
  private static let usualAge: Int64 = 7 * 86_400

  func validate() throws {
    if paths.contains("") || expect == "" { throw ValidationError("A file needs a name.") }
    if paths.count(where: { $0 == "-" }) + (expect == "-" ? 1 : 0) > 1 {
      throw ValidationError("Standard input can be read once.")
    }
    if let maxAge, FleetAge.seconds(maxAge) == nil {
      throw ValidationError("--max-age: '\(maxAge)' is no duration: write 36h, 7d or 4w.")
    }
  }

  func run() throws {
    let expected = try expect.map { try ExpectedNodes.read(FilePath($0)) } ?? []
    let progress = Progress(quiet: output.quiet, verbose: output.verbose)
    progress.monitor.onStage("reading reports")
    let merge = FleetReading(paths.map { FilePath($0) }).run(onRead: progress.monitor.onRead)
    progress.finish()
    let now = Clock.timestamp()
    let report = merge.report(
      expected: expected, now: ReportTime.seconds(now) ?? 0,
      maxAge: maxAge.flatMap(FleetAge.seconds) ?? Self.usualAge, generatedAt: now,
      tool: Report.Tool(name: ToolVersion.name, version: ToolVersion.version))
    let inputs = (paths + [expect].compactMap { $0 }).map { FilePath($0) }
    if format.isJSON {
      try output.emit(ReportEncoder.encode(report), inputs: inputs)
    } else {
      try output.emit(
        FleetText(report, style: output.style, heading: !output.noheadings).render(), inputs: inputs)
    }
    throw ExitCode(GatePolicy.exitCode(ofVerdict: report.verdict, format: format.isJSON ? .json : .text))
  }
}
