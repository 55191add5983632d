import ArgumentParser
import SpaceModel
import SpaceReport

/// How text looks and where results go; common to all commands.
struct OutputOptions: ParsableArguments {
  enum Color: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

  @Flag(name: .shortAndLong, help: "Sizes as plain bytes.")
  var bytes = false

  @Flag(name: .shortAndLong, help: "Tables without a heading.")
  var noheadings = false

  @Option(
    name: .long, help: ArgumentHelp("Write the result to this file, in one step.", valueName: "file"),
    completion: .file())
  var outputFile: String?

  @Option(name: .long, help: ArgumentHelp("Colours. Words and glyphs say the same without them.", valueName: "when"))
  var color: Color = .auto

  @Flag(name: .long, help: "Nothing but ASCII in tables and pictures.")
  var ascii = false

  @Flag(name: .shortAndLong, help: "No progress and no notes on standard error.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Say on standard error what is being done.")
  var verbose = false

  var style: TextStyle {
    TextStyle(
      width: Terminal.width, unicode: !ascii && Terminal.isUTF8, color: outputFile == nil && wantsColor,
      exactBytes: bytes)
  }

  private var wantsColor: Bool {
    switch color {
    case .always: true
    case .never: false
    case .auto: Terminal.isOutputTerminal && Terminal.allowsColor
    }
  }

  /// For a command that changes something: says before it does what would keep its result from being written.
  ///
  /// - Throws: ``StorageError``, as ``emit(_:inputs:)`` would.
  func checkFirst(inputs: [FilePath]) throws {
    if let outputFile { try OutputFile(FilePath(outputFile), inputs: inputs).check() }
  }

  /// - Parameter inputs: What was looked at; none of it is written over.
  /// - Throws: ``StorageError`` where it cannot be written.
  func emit(_ bytes: [UInt8], inputs: [FilePath]) throws {
    if let outputFile {
      try OutputFile(FilePath(outputFile), inputs: inputs).write(bytes)
    } else {
      try Output.write(bytes)
    }
  }

  func emit(_ text: String, inputs: [FilePath]) throws { try emit(RawArgument.bytes(of: text), inputs: inputs) }

  func validate() throws {
    if outputFile?.isEmpty == true { throw ValidationError("--output-file needs a name.") }
  }
}
