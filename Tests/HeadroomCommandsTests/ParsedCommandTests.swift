import ArgumentParser
import Testing

@testable import HeadroomCommands

/// A command parsed by itself against the parser of all commands.
@Suite struct ParsedCommandTests {
  static let lines = [
    "", "audit", "audit --json --disk node.img", "check --timeout 5s --fail-on warning", "plan --to v1.8.1", "map a b",
    "map -- --version", "map -- -x", "map x --version", "map --help", "map x -h", "map help", "help", "help map",
    "help nope",
    "--help", "--version", "-V", "nope", "--nope", "--json audit", "audit --nope", "audit surplus", "map", "copy a",
    "copy a b", "plan --margin", "plan --margin --help", "plan --margin x", "plan --profile nope", "audit --disk",
    "audit --help-hidden", "audit --generate-completion-script zsh", "--generate-completion-script bash",
    "map --experimental-dump-help", "worker", "worker probe", "worker probe /dev/null", "worker nope",
    "worker check -- --x",
    "reclaim --apply --dry-run x", "verify --quick", "render -", "fleet", "schema report", "schema nope",
    "completions bash",
    "AUDIT", "aud", "audit=",
  ]

  @Test("says and makes the same", arguments: lines) func same(line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    #expect(
      Self.outcome { try HeadroomCommand.parsed(words) } == Self.outcome { try HeadroomCommand.parseAsRoot(words) })
  }

  @Test("each command that is parsed by itself says what it belongs to") func namesItsSuperCommand() {
    for type in HeadroomCommand.configuration.subcommands where type.configuration.subcommands.isEmpty {
      #expect(type.configuration._superCommandName == ToolVersion.name, "\(type)")
    }
  }

  /// The type and all its values, or the exit code with what is said.
  private static func outcome(_ parse: () throws -> any ParsableCommand) -> String {
    do {
      var command = try parse()
      // What help is asked for shows when it is given.
      if "\(type(of: command))" == "HelpCommand" { try command.run() }
      return String(reflecting: command)
    } catch {
      return "\(HeadroomCommand.exitCode(for: error).rawValue) \(HeadroomCommand.fullMessage(for: error))"
    }
  }
}
