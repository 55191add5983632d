import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport

struct PartitionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "partitions", _superCommandName: ToolVersion.name,
    abstract: "What the scanner sees: partitions, labels, mounts.",
    usage: """
      headroom partitions
      headroom partitions --disk node.img
      headroom partitions --label COS_STATE --json
      """,
    discussion: """
      Devices that can hang (nbd, rbd, cdrom, network disks) are not opened; they are named at the end. \
      --all-devices opens them too.
      """)

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup(title: "Format") var format: FormatOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func validate() throws {
    if !targets.image.isEmpty { throw ValidationError("An image file has no partitions to list; use map or audit.") }
  }

  func run() throws {
    let request = try targets.request()
    let listing = PartitionListing.of(request)
    for failure in listing.failures { Output.error(failure) }
    if format.isJSON {
      try output.emit(ReportEncoder.encode(listing.document), inputs: targets.inputs)
    } else {
      try output.emit(
        PartitionTable(listing.document, style: output.style, heading: !output.noheadings).render(),
        inputs: targets.inputs)
    }
    if !listing.failures.isEmpty { throw ExitCode(ExitStatus.unknown) }
  }
}
