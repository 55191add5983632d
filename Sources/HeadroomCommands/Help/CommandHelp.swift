import ArgumentParser
import FoundationEssentials

/// A command as its help describes it, for the manual page.
package struct CommandHelp: Sendable {
  /// An option, a flag or an operand.
  package struct Option: Sendable, Hashable {
    /// With their dashes; empty for an operand.
    package fileprivate(set) var names: [String]
    /// `nil` for a flag.
    package let value: String?
    package let isRepeating: Bool
    package let isOptional: Bool
    package let text: String
    /// What can be given; empty where anything can.
    package let words: [String]
    package let standard: String?
    /// The heading of the group it stands in.
    package let group: String?
  }

  package let name: String
  package let abstract: String
  package let examples: [String]
  package let discussion: String
  package let options: [Option]

  /// The program itself first, then its commands in the order of the help; without those that are hidden.
  ///
  /// - Throws: Where the parser describes its commands in a form that this build does not know.
  package static func all() throws -> [CommandHelp] {
    let dump = try JSONDecoder().decode(Dump.self, from: Data(HeadroomCommand._dumpHelp().utf8))
    let described = (dump.command.subcommands ?? []).reduce(into: [String: Dump.Command]()) {
      $0[$1.commandName] = $1
    }
    let shown = HeadroomCommand.configuration.subcommands.filter { $0.configuration.shouldDisplay }
    return [CommandHelp(dump.command, examples: HeadroomCommand.configuration.usage)]
      + shown.compactMap { type in
        described[type._commandName].map { CommandHelp($0, examples: type.configuration.usage) }
      }
  }

  private init(_ command: Dump.Command, examples: String?) {
    name = command.commandName
    abstract = command.abstract ?? ""
    // The parser's own description of its commands leaves the examples out.
    self.examples = (examples ?? "").split(separator: "\n").map(String.init)
    discussion = command.discussion ?? ""
    options = (command.arguments ?? []).filter(\.shouldDisplay).reduce(into: []) { options, argument in
      let option = Option(argument)
      if let last = options.last, option.value == nil, last.value == nil, last.text == option.text {
        // --zeros and --no-zeros: one flag, though the parser lists two.
        options[options.count - 1].names += option.names
      } else {
        options.append(option)
      }
    }
  }

  /// What `--experimental-dump-help` prints, as far as it is needed.
  fileprivate struct Dump: Decodable {
    struct Command: Decodable {
      var commandName: String
      var abstract: String?
      var discussion: String?
      var subcommands: [Command]?
      var arguments: [Argument]?
    }

    struct Argument: Decodable {
      struct Name: Decodable {
        var kind: String
        var name: String
      }
      var kind: String
      var shouldDisplay: Bool
      var sectionTitle: String?
      var isOptional: Bool
      var isRepeating: Bool
      var names: [Name]?
      var valueName: String?
      var defaultValue: String?
      var allValues: [String]?
      var abstract: String?
    }

    var command: Command
  }
}

extension CommandHelp.Option {
  fileprivate init(_ argument: CommandHelp.Dump.Argument) {
    let isFlag = argument.kind == "flag"
    let given = argument.names ?? []
    let names =
      given.filter { $0.kind == "short" }.map { "-" + $0.name }
      + given.filter { $0.kind != "short" }.map { "--" + $0.name }
    self.init(
      names: names == ["--version"] ? ["-V", "--version"] : names,
      value: isFlag ? nil : argument.valueName ?? "value", isRepeating: argument.isRepeating,
      isOptional: argument.isOptional, text: argument.abstract ?? "", words: isFlag ? [] : argument.allValues ?? [],
      standard: argument.defaultValue, group: argument.sectionTitle)
  }
}
