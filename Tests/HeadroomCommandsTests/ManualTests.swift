import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import HeadroomCommands

/// The manual pages in docs/man are what the help and the schema make them.
@Suite struct ManualTests {
  static let pages: [(page: String, words: [String])] = [
    ("headroom.8", ["commands"]), ("headroom-report.5", ["report", "\(Products.root)/docs/schema/report-1.json"]),
  ]

  private static func manual(_ words: [String]) throws -> Command.Result {
    let tool = try URL(filePath: Products.headroom()).deletingLastPathComponent().path + "/headroom-manual"
    return try Command.run(tool, arguments: words)
  }

  @Test("a page is what Fixtures/manual would write now", arguments: pages)
  func current(page: String, words: [String]) throws {
    let made = try Self.manual(words)
    #expect(made.status == 0, "\(made)")
    // Not compared by value: thousands of bytes of difference would help nobody.
    let isCurrent = try made.text == SourceTree.text("docs/man/\(page)")
    #expect(isCurrent, "docs/man/\(page) is out of date: run Fixtures/manual")
  }

  @Test("mandoc finds nothing wrong", .needsTool("mandoc"), arguments: pages.map(\.page))
  func lint(page: String) throws {
    let result = try Command.run("mandoc", "-T", "lint", "-W", "warning", "\(Products.root)/docs/man/\(page)")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.isEmpty && result.errorOutput.isEmpty, "\(result)")
  }

  @Test("headroom(8) has every command, option, variable and exit code", .needsTool("mandoc"))
  func complete() throws {
    let result = try Command.check("mandoc", "-T", "ascii", "-O", "width=200", "\(Products.root)/docs/man/headroom.8")
    // Bold and underlined letters are struck twice.
    let text = result.text.replacing(/.\u{8}/, with: "")
    for command in try CommandHelp.all().dropFirst() {
      #expect(text.contains("headroom \(command.name)"))
      for name in command.options.flatMap(\.names) { #expect(text.contains(name), "\(command.name) \(name)") }
    }
    for entry in Reference.environment.entries + Reference.exitCodes.entries + Reference.files.entries {
      #expect(text.contains(entry.word), "\(entry.word)")
    }
    #expect(!text.contains("worker"))
  }

  @Test(
    "a schema that is none is refused", arguments: [#"{}"#, #"{"description": "x", "properties": {"a": {}}}"#, "["])
  func unsuitable(text: String) throws {
    let scratch = try ScratchDirectory()
    let schema = scratch.file("schema.json")
    try Data(text.utf8).write(to: URL(filePath: schema))
    let result = try Self.manual(["report", schema])
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
  }
}
