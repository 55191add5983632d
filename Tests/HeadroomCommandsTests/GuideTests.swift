import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

@testable import HeadroomCommands

/// The guides in docs are true of this program.
@Suite struct GuideTests {
  static func guides() throws -> [(path: String, text: String)] {
    try [("README.md", SourceTree.text("README.md"))] + SourceTree.files(below: "docs", suffix: ".md")
  }

  /// The lines between fences.
  private static func code(_ text: String) -> [String] {
    var isCode = false
    return text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
      if line.hasPrefix("```") { isCode.toggle() } else if isCode { return String(line) }
      return nil
    }
  }

  @Test("every command line in a guide is one the program takes") func commandLines() throws {
    var count = 0
    for (path, text) in try Self.guides() {
      for line in Self.code(text) {
        let typed = line.hasPrefix("$ ") ? String(line.dropFirst(2)) : line
        // Words in capitals stand for what is known on the spot.
        guard !typed.contains(/headroom COMMAND/) else { continue }
        do { try ShellExample.parse(typed) } catch { Issue.record("\(path): \(error)") }
        count += ShellExample.commands(typed).count
      }
    }
    #expect(count > 40)
  }

  @Test("every link within the guides leads somewhere") func links() throws {
    for (path, text) in try Self.guides() {
      for match in text.matches(of: /\]\(([^)#:]*)(#[^)]*)?\)/) {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        let target = match.1.isEmpty ? path : (folder.isEmpty ? "" : folder + "/") + match.1
        guard FileManager.default.fileExists(atPath: "\(Products.root)/\(target)") else {
          Issue.record("\(path): no \(match.1)")
          continue
        }
        guard let anchor = match.2 else { continue }
        let headings = try SourceTree.text(target).matches(of: #/(?m)^#+ (.*)$/#).map { Self.anchor(String($0.1)) }
        #expect(headings.contains(String(anchor)), "\(path): no \(match.1)\(anchor)")
      }
    }
  }

  /// As web pages of a repository make them.
  private static func anchor(_ heading: String) -> String {
    "#" + heading.lowercased().filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" }.replacing(" ", with: "-")
  }

  @Test("docs/findings.md explains each finding, with a remedy, and no other") func findings() throws {
    let sections = try SourceTree.text("docs/findings.md").split(separator: #/(?m)^##[ ]/#).dropFirst()
    let ids = sections.map { $0.prefix { $0 != "\n" } }
    #expect(ids.count == Set(ids).count)
    #expect(Set(ids.map(String.init)) == Set(Finding.ID.all.map(\.rawValue)))
    for section in sections { #expect(section.contains("Remedy: "), "\(section)") }
    for section in sections { #expect(section.contains(/\*\*(info|warning|critical)\*\*|Severity/), "\(section)") }
  }

  @Test("docs/limits.md explains each limit, and no other") func limits() throws {
    let listed = Set(try SourceTree.text("docs/limits.md").matches(of: /(?m)^\| `([a-z-]+)` \|/).map { String($0.1) })
    var made: Set<String> = []
    var words: Set<String> = []
    for (_, text) in try SourceTree.files(below: "Sources", suffix: ".swift") {
      for match in text.matches(of: /Limit\(\s*"([a-z-]+)"/) { made.insert(String(match.1)) }
      for match in text.matches(of: /"([a-z-]+)"/) { words.insert(String(match.1)) }
    }
    #expect(made.subtracting(listed) == [])
    #expect(listed.subtracting(words) == [])
  }

  @Test("docs/exit-codes.md says what check makes of each verdict", arguments: Verdict.allCases)
  func exitCodes(verdict: Verdict) throws {
    let text = try SourceTree.text("docs/exit-codes.md")
    let row = try #require(text.split(separator: "\n").first { $0.hasPrefix("| \(verdict.rawValue) |") })
    let codes = row.split(separator: "|").compactMap { Int32($0.drop { $0 == " " }.prefix { $0 != " " }) }
    let columns: [(GatePolicy, ReportFormat)] = [
      (GatePolicy(), .text), (GatePolicy(failOn: .warning), .text), (GatePolicy(onUnknown: .pass), .text),
      (GatePolicy(), .nagios), (GatePolicy(), .npd), (GatePolicy(), .harvesterValidator),
    ]
    #expect(codes == columns.map { $0.exitCode(verdict, format: $1) })
  }

  @Test("the examples are well formed", .needsTool("python3")) func examples() throws {
    for (path, text) in try SourceTree.files(below: "docs/examples", suffix: ".json") {
      do { _ = try JSONValue(parsing: Array(text.utf8)) } catch { Issue.record("\(path): \(error)") }
    }
    for suffix in [".yaml", ".yml"] {
      for (path, _) in try SourceTree.files(below: "docs/examples", suffix: suffix) {
        let read = "import sys, yaml; list(yaml.safe_load_all(open(sys.argv[1])))"
        let result = try Command.run("python3", "-c", read, "\(Products.root)/\(path)")
        #expect(result.status == 0, "\(path): \(result)")
      }
    }
  }

  @Test("what the examples have headroom do, it does") func argumentsOfExamples() throws {
    let settings = try Settings.read(FilePath("\(Products.root)/docs/examples/config.json"))
    #expect(settings.margin != nil && settings.warnReclaimable != nil && settings.timeout == .seconds(300))
    let detector = try JSONValue(parsing: Array(SourceTree.text("docs/examples/node-problem-detector.json").utf8))
    guard case .list(let rules)? = detector["rules"]?.content, case .list(let words)? = rules.first?["args"]?.content
    else { throw Unexpected("no rules") }
    let arguments = words.compactMap { if case .text(let word) = $0.content { word } else { nil } }
    try ShellExample.parse((["headroom"] + arguments).joined(separator: " "))
    let unit = try SourceTree.text("docs/examples/headroom.service")
    let start = try #require(unit.firstMatch(of: /(?m)^ExecStart=(.*)$/))
    #expect(ShellExample.commands(String(start.1)).count == 1)
    try ShellExample.parse(String(start.1))
    for name in ["suc-plan", "harvester-pre-check"] {
      let text = try SourceTree.text("docs/examples/\(name).yaml")
      #expect(text.contains("command: [/host/usr/local/bin/headroom]"))
      let inLine = text.firstMatch(of: /args: \[(.*)\]/).map { String($0.1).replacing(",", with: "") }
      let listed = text.matches(of: /(?m)^      - (check|--.*)$/).map { String($0.1) }.joined(separator: " ")
      try ShellExample.parse("headroom \(inLine ?? listed)")
    }
  }

  @Test("systemd finds nothing wrong with the units", .needsTool("systemd-analyze")) func units() throws {
    let scratch = try ScratchDirectory()
    for unit in ["headroom.service", "headroom.timer"] {
      // It looks whether the program is there.
      let text = try SourceTree.text("docs/examples/\(unit)")
        .replacing("ExecStart=/usr/local/bin/headroom", with: "ExecStart=/bin/true")
      try Data(text.utf8).write(to: URL(filePath: scratch.file(unit)))
    }
    let result = try Command.run(
      "systemd-analyze", "verify", "--man=no", scratch.file("headroom.service"), scratch.file("headroom.timer"))
    #expect(result.status == 0, "\(result)")
    // A key it does not know is a warning, and the status is 0.
    #expect(result.errorOutput.isEmpty, "\(result)")
  }
}
