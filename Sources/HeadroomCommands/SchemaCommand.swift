import ArgumentParser
import SpaceReport

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", _superCommandName: ToolVersion.name,
    abstract: "The JSON Schema (2020-12) of a document that headroom writes.",
    usage: """
      headroom schema > report-1.json
      headroom schema map
      check-jsonschema --schemafile report-1.json report.json
      """,
    discussion: """
      report is what audit, check, plan and verify write with --json; map, partitions, fleet, reclaim and copy are what \
      these write; payload is a payload card, event a line of --format ndjson. Its $id is a name, not an address: nothing \
      has to be fetched.
      """)

  @Argument(help: ArgumentHelp("Which document.", valueName: "document"))
  var document: DocumentSchema = .report

  func run() throws { try Output.write(document.document) }
}

extension DocumentSchema: ExpressibleByArgument {}
