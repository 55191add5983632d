import ArgumentParser
import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

@testable import HeadroomCommands

/// What `--help` says, and that it is right.
@Suite struct HelpTests {
  static let commands = HeadroomCommand.configuration.subcommands.filter { $0.configuration.shouldDisplay }
    .map { $0._commandName }

  /// With COLUMNS as it is in a script: not set at all.
  private static func help(_ words: [String]) throws -> Command.Result {
    try Command.run(
      "env", arguments: ["-u", "COLUMNS", Products.headroom()] + words + ["--help"], environment: ["NO_COLOR": "1"])
  }

  @Test("help fits 80 columns and gives examples before anything else", arguments: [""] + commands)
  func arrangement(command: String) throws {
    let result = try Self.help(command.isEmpty ? [] : [command])
    #expect(result.status == 0)
    #expect(result.lines.filter { $0.count > 80 } == [])
    let examples = try #require(result.lines.firstIndex(of: "EXAMPLES:"))
    #expect(examples <= 2)
    #expect(result.lines[examples + 1].hasPrefix("  "))
    #expect(result.text.contains("\nOPTIONS:\n"))
    #expect(!result.text.contains("worker"))
    // Each option says what it is for.
    for (option, next) in zip(result.lines, result.lines.dropFirst() + [""]) where option.hasPrefix("  -") {
      #expect(option.dropFirst(2).contains("  ") || next.hasPrefix("      "), "\(option)")
    }
  }

  @Test("the help of the program lists all commands, exit codes and variables") func programHelp() throws {
    let text = try Self.help([]).text
    for command in Self.commands { #expect(text.contains("\n  \(command) ") || text.contains("\n  \(command)\n")) }
    for section in [Reference.exitCodes, Reference.environment, Reference.files] {
      for entry in section.entries { #expect(text.contains("\n  \(entry.word)"), "\(entry.word)") }
    }
    #expect(try Headroom.run().text == Headroom.run("--help").text)
  }

  @Test("every variable that the program reads is in the help") func variables() throws {
    var read: Set<Substring> = []
    for (_, text) in try SourceTree.files(below: "Sources", suffix: ".swift") {
      for match in text.matches(of: /"(HEADROOM_[A-Z_]+|SOURCE_DATE_EPOCH|NO_COLOR|COLUMNS)"/) { read.insert(match.1) }
    }
    let listed = Set(Reference.environment.entries.map { Substring($0.word) })
    #expect(read == listed)
  }

  @Test("every example is a command line that works", arguments: commands)
  func examples(command: String) throws {
    let type = try #require(HeadroomCommand.configuration.subcommands.first { $0._commandName == command })
    let examples = (type.configuration.usage ?? "").split(separator: "\n")
    #expect(examples.count >= 2)
    for example in examples { try ShellExample.parse(String(example)) }
  }

  @Test("-V is --version") func version() throws {
    let version = try Headroom.run("--version")
    #expect(version.status == 0)
    #expect(try Headroom.run("-V").text == version.text)
    #expect(try Headroom.run("audit", "-V").text == version.text)
  }
}

/// A line as somebody types it into a shell.
enum ShellExample {
  /// Has the parser read what stands behind each `headroom`.
  ///
  /// - Throws: What the parser finds wrong.
  static func parse(_ line: String) throws {
    for command in commands(line) {
      let words = Invocation(name: "headroom", words: command).words
      do { _ = try HeadroomCommand.parseAsRoot(words) } catch {
        throw Unexpected("'\(line)': \(HeadroomCommand.message(for: error))")
      }
    }
  }

  /// The words behind each `headroom` that begins a command; a comment stands behind two spaces.
  static func commands(_ line: String) -> [[String]] {
    let line = line.replacing(#/ {3,}.*$/#, with: "").replacing(#/ +# .*$/#, with: "")
    return line.split(separator: /\s*(?:\|\|?|&&|;|<?\(|\))\s*/).compactMap { part in
      let words = part.replacing(#/ <.*$/#, with: "").replacing(#/ >.*$/#, with: "").split(separator: " ").map(
        String.init)
      guard let first = words.first, first.split(separator: "/").last == "headroom" else { return nil }
      return Array(words.dropFirst())
    }
  }
}

/// The files of this package.
enum SourceTree {
  /// Paths below the package's root with their text, in order.
  static func files(below folder: String, suffix: String) throws -> [(path: String, text: String)] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(Products.root)/\(folder)").sorted()
      .filter { $0.hasSuffix(suffix) }
      .map { ("\(folder)/\($0)", try text("\(folder)/\($0)")) }
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(Products.root)/\(path)", encoding: .utf8)
  }
}
