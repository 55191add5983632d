import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The public incidents, and states a node can be in, as data: what the program says of each is what really happened.
@Suite("Scenarios")
struct ScenarioTests {
  @Test("All are there") func allAreThere() throws { #expect(try Scenario.all().count >= 17) }

  @Test("The verdict is what really happened", arguments: try Scenario.all())
  func verdict(_ scenario: Scenario) throws {
    let result = try scenario.plan()
    let expected = scenario.expect
    #expect(result.status == expected.exit, "\(result.text)")
    let system = result.report.projections.first { $0.upgrade == "system" }
    #expect(system?.outcome.rawValue == expected.outcome, "\(result.text)")
    if let range = expected.headroomKib {
      let headroom = try #require(system?.headroomBytes).bytes / 1024
      #expect((range[0]...range[1]).contains(headroom), "\(headroom) KiB")
    }
    if let remedy = expected.remedy { #expect(system?.remedy == remedy) }
    if let devices = expected.devices {
      #expect(result.report.projections.compactMap { $0.device?.utf8 } == devices)
    }
  }

  @Test("What is advised never destroys the last good image", arguments: try Scenario.all())
  func advice(_ scenario: Scenario) throws {
    let result = try scenario.plan()
    for id in scenario.expect.neverRemedy ?? [] {
      #expect(result.report.projections.allSatisfy { !($0.remedy ?? []).contains(id) })
      #expect(!result.report.findings.contains { $0.remedy?.contains("passive.img") ?? false })
    }
    if scenario.expect.noRemedy == true {
      #expect(result.report.projections.allSatisfy { $0.remedy == nil })
      #expect(result.report.findings.allSatisfy { !($0.remedy?.contains("rm ") ?? false) })
    }
    for words in scenario.expect.neverText ?? [] { #expect(!result.text.contains(words)) }
  }

  @Test("The state the node is in is a finding", arguments: try Scenario.all().filter { $0.expect.finding != nil })
  func finding(_ scenario: Scenario) throws {
    let finding = try #require(scenario.expect.finding)
    let result = try scenario.plan()
    #expect(result.report.findings.contains { $0.id.rawValue == finding }, "\(result.text)")
  }

  @Test("A model with one copy would have blessed the two that corrupted nodes")
  func oneCopy() throws {
    let misled = try Scenario.all().filter { $0.expect.oneCopy != nil }
    #expect(misled.count >= 2)
    for scenario in misled {
      let profile = "\(Products.root)/Fixtures/scenarios/one-copy.json"
      let result = try scenario.plan(["--profile", "one-copy=\(profile)"])
      #expect(result.report.projections.first?.outcome.rawValue == scenario.expect.oneCopy, "\(result.text)")
      #expect(scenario.expect.outcome == "silent-corruption")
    }
  }
}

/// A folder of Fixtures/scenarios.
struct Scenario: CustomTestStringConvertible, Sendable {
  let path: String
  let arguments: [String]
  let expect: Expectation

  var testDescription: String { URL(fileURLWithPath: path).lastPathComponent }

  struct Description: Codable {
    var why: String
    var source: String
    var arguments: [String]?
    var expect: Expectation
  }

  struct Expectation: Codable, Sendable {
    /// `nil`: nothing is projected.
    var outcome: String?
    var exit: Int32
    var headroomKib: [Int64]?
    var remedy: [String]?
    var neverRemedy: [String]?
    var neverText: [String]?
    var noRemedy: Bool?
    var finding: String?
    var devices: [String]?
    var oneCopy: String?

    enum CodingKeys: String, CodingKey {
      case outcome, exit, remedy, finding, devices
      case headroomKib = "headroom_kib"
      case neverRemedy = "never_remedy"
      case neverText = "never_text"
      case noRemedy = "no_remedy"
      case oneCopy = "one_copy"
    }
  }

  struct Result {
    var status: Int32
    var text: String
    var report: Report
  }

  static func all() throws -> [Scenario] {
    let root = "\(Products.root)/Fixtures/scenarios"
    let names = try FileManager.default.contentsOfDirectory(atPath: root).sorted().filter { name in
      !name.hasSuffix(".json") && !name.hasSuffix(".md")
    }
    return try names.map { name in
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)/scenario.json"))
      let description = try JSONDecoder().decode(Description.self, from: data)
      return Scenario(
        path: "\(root)/\(name)", arguments: description.arguments ?? [], expect: description.expect)
    }
  }

  func plan(_ more: [String] = []) throws -> Result {
    var all = ["plan", "--report", "\(path)/audit.json"]
    if FileManager.default.fileExists(atPath: "\(path)/payload.json") { all += ["--incoming", "\(path)/payload.json"] }
    let text = try Headroom.run(arguments: all + arguments + more)
    let json = try Headroom.run(arguments: all + arguments + more + ["--json"])
    return Result(status: text.status, text: "\(text)", report: try Headroom.report(json))
  }
}
