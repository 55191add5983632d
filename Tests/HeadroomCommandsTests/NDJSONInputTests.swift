import Foundation
import SpaceReport
import TestSupport
import Testing

@Suite struct NDJSONInputTests {
  @Test("a plan from a saved report's lines is the plan from the report") func aPlanFromLines() throws {
    let scratch = try ScratchDirectory()
    for scenario in try Scenario.all().prefix(3) {
      let saved = try Array(Data(contentsOf: URL(fileURLWithPath: "\(scenario.path)/audit.json")))
      let report = try ReportDecoder.decode(saved, path: "audit.json")
      let progress = try ProgressLine(stage: "a", bytesDone: .zero, bytesPlanned: .zero).render()
      let lines = try scratch.write(progress + NDJSONReport(report).render(), to: "audit.ndjson")
      let plans = try ["\(scenario.path)/audit.json", lines].map { file in
        try Headroom.run("plan", "--json", "--report", file, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
      }
      #expect(plans[0].text == plans[1].text && plans[0].status == plans[1].status, "\(plans[1])")
      #expect(plans[0].output.count > 1000)
    }
  }
}
