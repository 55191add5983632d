import SpaceReport

/// What every command that reports begins with: its name in the report, and a progress line.
struct ReportRun {
  let tool: Report.Tool
  let progress: Progress

  init(_ options: ReportOptions, _ command: Report.Command) {
    tool = Report.Tool(name: ToolVersion.name, version: ToolVersion.version, command: command)
    progress = Progress(
      quiet: options.output.quiet, verbose: options.output.verbose,
      writesEvents: options.format == .ndjson && options.output.outputFile == nil, redact: options.redact)
  }
}
