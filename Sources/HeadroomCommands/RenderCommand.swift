import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport

struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", _superCommandName: ToolVersion.name,
    abstract: "A saved report in any format, as the run that saved it would have shown it.",
    usage: """
      headroom render report.json
      headroom render report.json --format html --output-file report.html
      headroom audit --json | headroom render - --format markdown
      """,
    discussion:
      "Reads what audit, check, plan or verify wrote with --json or --format ndjson. Exits 0, whatever the report says."
  )

  @Argument(help: ArgumentHelp("The saved report; - is standard input.", valueName: "report"), completion: .file())
  var path: String

  @OptionGroup(title: "Report") var report: ReportOptions

  func validate() throws {
    if path.isEmpty { throw ValidationError("The report needs a name.") }
  }

  func run() throws {
    try report.emit(try SavedReport.read(FilePath(path)), inputs: [FilePath(path)])
  }
}
