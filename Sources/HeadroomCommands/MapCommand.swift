import ArgumentParser
import ExtentAnalyzer
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport

struct MapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map", _superCommandName: ToolVersion.name,
    abstract: "Where an image's data, zeros and holes are: a picture, or exact extents.",
    usage: """
      headroom map passive.img
      headroom map --json --zeros passive.img
      headroom map --disk node.img --label COS_STATE cOS/passive.img
      headroom map --summary *.img
      """,
    discussion: """
      The picture and --summary read the data to find zeros that are written out; --no-zeros leaves that out. With \
      --json data is read only with --zeros. One image gives one JSON object, several give an array. qemu-map is what \
      qemu-img map --output=json writes.
      """)

  @Argument(
    help: ArgumentHelp("Image files; with --disk, paths below the filesystem's root.", valueName: "image"),
    completion: .file())
  var images: [String]

  @Flag(
    name: .long, inversion: .prefixedNo, help: "Read the data and tell zeros from data. Default: for text only.")
  var zeros: Bool?

  @Flag(name: .long, help: "Figures only: no picture, no extents.")
  var summary = false

  @Option(
    name: .long,
    help: ArgumentHelp("Look for the images inside this raw disk or filesystem image.", valueName: "file"),
    completion: .file())
  var disk: String?

  @Option(name: .long, help: "With --disk: on the filesystem with this label.")
  var label: String?

  @Option(name: .long, help: ArgumentHelp("With --disk: on the partition with this number.", valueName: "number"))
  var partition: Int?

  @OptionGroup(title: "Format") var format: MapFormatOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  mutating func validate() throws {
    images = Invocation.current.images.unfolded(images)
    if label != nil || partition != nil, disk == nil {
      throw ValidationError("--label and --partition go with --disk.")
    }
    if images.contains("") { throw ValidationError("An image needs a name.") }
    if format.chosen == .qemuMap, images.count > 1 || zeros == true || summary {
      throw ValidationError("--format qemu-map maps one image, without --zeros and --summary.")
    }
    if label == "" || disk == "" { throw ValidationError("--label and --disk need a name.") }
  }

  func run() throws {
    let progress = Progress(quiet: output.quiet, verbose: output.verbose)
    let lookup = ClusterLookup()
    let inputs = (images + (disk.map { [$0] } ?? [])).map { FilePath($0) }
    let sink = MapSink(output, format: format.chosen, inputs: inputs, isArray: images.count > 1, summary: summary)
    var failed = false
    for name in images {
      do throws(StorageError) {
        let path = FilePath(name)
        let target =
          if let disk { try MapTarget(path, inDisk: FilePath(disk), label: label, partition: partition) } else {
            try MapTarget(live: path, lookup: lookup)
          }
        failed = try !sink.add(target, readsData: zeros ?? (format.chosen == .text), progress: progress) || failed
      } catch {
        progress.finish()
        Output.error(error)
        failed = true
      }
    }
    progress.finish()
    try sink.finish()
    if failed { throw ExitCode(ExitStatus.unknown) }
  }
}
