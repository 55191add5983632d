import ArgumentParser
import SpaceModel
import SpaceReport

/// Text or JSON, for the commands that make no report.
struct FormatOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(name: .customLong("format"), help: "How to show the result. Default: text.")
  var given: Format?

  @Flag(name: [.customShort("J"), .long], help: "As --format json.")
  var json = false

  var isJSON: Bool { json || given == .json }

  func validate() throws {
    if json, given == .text { throw ValidationError("--json and --format text contradict each other.") }
  }
}

/// The form of a map.
struct MapFormatOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
    case qemuMap = "qemu-map"
  }

  @Option(name: .customLong("format"), help: "How to show the map (default: text).")
  var given: Format?

  @Flag(name: [.customShort("J"), .long], help: "The same as --format json.")
  var json = false

  var chosen: Format { json ? .json : given ?? .text }

  func validate() throws {
    if json, let given, given != .json {
      throw ValidationError("--json and --format \(given.rawValue) contradict each other.")
    }
  }
}

/// The form of a report, and where else it goes.
struct ReportOptions: ParsableArguments {
  @Option(name: .customLong("format"), help: "How to show the report. Default: text.")
  var given: ReportFormat?

  @Flag(name: [.customShort("J"), .long], help: "The same as --format json.")
  var json = false

  @Option(
    help: ArgumentHelp("Write metrics to this .prom file, too, in one step.", valueName: "path"),
    completion: .file(extensions: ["prom"]))
  var textfile: String?

  @Option(help: "Replace names in the report (names: of images and of files inside them).")
  var redact: Redaction?

  @OptionGroup(title: "Output") var output: OutputOptions

  /// The one that was asked for, by an option or by the name the program was started under.
  var format: ReportFormat { json ? .json : given ?? .text }

  func validate() throws {
    if json, let given, given != .json {
      throw ValidationError("--json and --format \(given.rawValue) contradict each other.")
    }
    if let textfile, textfile == output.outputFile {
      throw ValidationError("--textfile and --output-file name the same file.")
    }
    if let textfile {
      do throws(SettingText.Mistake) { _ = try SettingText.textfile(textfile) } catch {
        throw ValidationError("--textfile: \(error.description)")
      }
    }
  }

  /// The report as it may be given away.
  func redacted(_ report: Report) -> Report { redact.map(report.redacted) ?? report }

  /// Writes the report where it is wanted.
  ///
  /// - Parameters:
  ///   - inputs: What was looked at; none of it is written over.
  ///   - settings: Of the site.
  /// - Throws: ``StorageError`` where it cannot be written.
  func emit(_ report: Report, inputs: [FilePath], settings: Settings = Settings()) throws {
    let renderer = ReportRenderer(redacted(report), style: output.style)
    try output.emit(try renderer.render(as: format), inputs: inputs)
    if let textfile = textfile ?? settings.textfile {
      try OutputFile(FilePath(textfile), inputs: inputs).write(try renderer.render(as: .prometheus), mode: 0o644)
    }
  }
}

extension Redaction: ExpressibleByArgument {}
extension ReportFormat: ExpressibleByArgument {}
