import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport

struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy", _superCommandName: ToolVersion.name,
    abstract: "Copies an image, its holes kept and its zeros left out: whole or not at all.",
    usage: """
      headroom copy active.img passive.img
      headroom copy --label COS_PASSIVE --verify active.img passive.img
      headroom copy --json --reflink=never active.img /mnt/active.img
      """,
    discussion: """
      The copy is written beside its place, synced, and then given its name: a copy that fails or is killed leaves the \
      destination as it was. Owner, mode, times and extended attributes are kept. A file that is there already is \
      replaced, unless something has it open for writing. It is an error if the source changes meanwhile.
      """)

  @Argument(help: ArgumentHelp("The image.", valueName: "source"), completion: .file())
  var source: String

  @Argument(help: ArgumentHelp("The file to make or replace.", valueName: "destination"), completion: .file())
  var destination: String

  @Option(help: ArgumentHelp("Share the source's blocks where the filesystem can.", valueName: "when"))
  var reflink: CopyRequest.Reflink = .auto

  @Option(
    help: ArgumentHelp("Give the ext filesystem in the copy this label, as tune2fs -L does.", valueName: "label"))
  var label: String?

  @Flag(help: "Compare the contents of both, read from disk and not from the cache.")
  var verify = false

  @Flag(name: [.customShort("J"), .long], help: "The result as JSON.")
  var json = false

  @OptionGroup(title: "Output") var output: OutputOptions

  func validate() throws {
    if source.isEmpty || destination.isEmpty { throw ValidationError("An image needs a name.") }
    if let label, RawArgument.bytes(of: label).count > CopyRequest.longestLabel {
      throw ValidationError("--label has at most \(CopyRequest.longestLabel) bytes.")
    }
  }

  func run() throws {
    var request = CopyRequest(source: FilePath(source), destination: FilePath(destination))
    request.reflink = reflink
    request.label = label.map { RawArgument.bytes(of: $0) }
    request.verifies = verify
    let progress = Progress(quiet: output.quiet, verbose: output.verbose)
    var monitor = progress.monitor
    let inputs = [FilePath(source), FilePath(destination)]
    try output.checkFirst(inputs: inputs)
    CopyInterruption.install()
    monitor.isCancelled = { CopyInterruption.number != nil }
    let result: CopyResult
    do throws(StorageError) {
      result = try ImageCopy(request, monitor: monitor).run()
      progress.finish()
    } catch {
      progress.finish()
      guard let number = CopyInterruption.number, error.code == .cancelled else { throw error }
      throw ExitCode(128 + number)
    }
    if json {
      try output.emit(CopyJSON.document(result), inputs: inputs)
    } else {
      try output.emit(CopyText(result, style: output.style).render(), inputs: inputs)
    }
  }
}

extension CopyRequest.Reflink: ExpressibleByArgument {}
