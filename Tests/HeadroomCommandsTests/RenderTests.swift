import Foundation
import SpaceReport
import TestSupport
import Testing

/// A saved report is as good as the run that saved it.
@Suite struct RenderTests {
  private static let environment = ["SOURCE_DATE_EPOCH": "1770091445"]

  /// Progress is of a moment, not of the report.
  private static func withoutProgress(_ output: Data) -> Data {
    Data(
      output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .filter { !$0.starts(with: Data(#"{"type":"progress""#.utf8)) }.joined(separator: Data("\n".utf8)))
  }

  @Test("in every format it gives the bytes of the live run, from JSON and from NDJSON") func roundTrip() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let runs = [
      ["audit", "--margin", "16M"], ["audit", "--quick"], ["check", "--margin", "16M"],
      ["check", "--ignore", "upgrade-space,image-not-sparse"], ["check", "--label", "NO_SUCH"],
      ["plan", "--incoming-size", "20M", "--margin", "16M"], ["verify"],
    ]
    for run in runs {
      let live = run + ["--disk", disk]
      func save(_ format: ReportFormat) throws -> String {
        let saved = scratch.file("saved.\(format.rawValue)")
        let result = try Headroom.run(
          arguments: live + ["--format", format.rawValue, "--output-file", saved], environment: Self.environment)
        #expect(result.status < 4, "\(result)")
        return saved
      }
      let saved = try save(.json)
      for format in ReportFormat.allCases {
        let direct = try Headroom.run(arguments: live + ["--format", format.rawValue], environment: Self.environment)
        let rendered = try Headroom.run("render", saved, "--format", format.rawValue)
        #expect(rendered.status == 0, "\(rendered)")
        #expect(Data(rendered.output) == Self.withoutProgress(Data(direct.output)), "\(run) as \(format)")
      }
      let lines = try Headroom.run("render", try save(.ndjson), "--json")
      #expect(try Data(lines.output) == Data(contentsOf: URL(filePath: saved)), "\(run)")
    }
  }

  @Test("from standard input, and not over what it reads") func standardInput() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let saved = scratch.file("saved.json")
    _ = try Headroom.run("audit", "--disk", disk, "--quick", "--json", "--output-file", saved)
    let piped = try Command.run(
      "sh", arguments: ["-c", "\"$0\" render - --json < \"$1\"", try Products.headroom(), saved],
      environment: Headroom.environment)
    #expect(try Data(piped.output) == Data(contentsOf: URL(filePath: saved)))
    #expect(try Headroom.run("render", saved, "--output-file", saved).status == 3)
    #expect(try Headroom.run("render", "/no/such/report").status == 3)
    #expect(try Headroom.run("render", disk).status == 3)
  }
}
