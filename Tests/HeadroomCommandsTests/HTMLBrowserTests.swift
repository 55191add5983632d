import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The page as a browser, an accessibility checker and strict parsers see it.
@Suite("The page in a browser", .serialized)
struct HTMLBrowserTests {
  private static let look = "\(Products.root)/Tests/look-at-page"
  private static let hasAxe = (try? Command.run(look, "--has-axe").status) == 0

  /// Pages of every kind: each outcome and boot state, audits, a damaged image, sixty images, hostile names.
  private static func pages(in scratch: ScratchDirectory) throws -> [String] {
    let scenarios = try Scenario.all()
    let kinds = [
      "boot-passive-room", "boot-two-cos-state", "boot-uki", "boot-upgrade-running", "harvester-1.7-to-1.8.0-8gib",
      "harvester-1.7-to-1.8.0-15gib", "kairos-1751-6900mib",
    ]
    let pages = try HTMLPages.plans(
      scenarios.filter { LongProof.isWhole || kinds.contains($0.testDescription) }, in: scratch)
    let interrupted = try HTMLPages.interrupted()
    return pages + [
      try HTMLPages.write(HTMLPages.healthy(), as: "healthy", in: scratch),
      try HTMLPages.write(interrupted, as: "interrupted", in: scratch),
      try HTMLPages.write(HTMLPages.damaged(in: scratch), as: "damaged", in: scratch),
      try HTMLPages.write(HTMLPages.many(interrupted), as: "many", in: scratch),
      try HTMLPages.write(HTMLPages.hostile(interrupted), as: "hostile", in: scratch),
    ]
  }

  /// Axe takes seconds for a page, and minutes for one of sixty images: each kind of content once.
  private static func fewPages(in scratch: ScratchDirectory) throws -> [String] {
    if LongProof.isWhole { return try pages(in: scratch) }
    let kinds = ["boot-uki", "harvester-1.7-to-1.8.0-8gib"]
    let interrupted = try HTMLPages.interrupted()
    return try HTMLPages.plans(Scenario.all().filter { kinds.contains($0.testDescription) }, in: scratch) + [
      try HTMLPages.write(HTMLPages.damaged(in: scratch), as: "damaged", in: scratch),
      try HTMLPages.write(HTMLPages.many(interrupted, images: 4), as: "many", in: scratch),
      try HTMLPages.write(HTMLPages.hostile(interrupted), as: "hostile", in: scratch),
    ]
  }

  @Test(
    "Nothing runs, nothing is fetched, nothing is said on the console, nothing sticks out; and it prints",
    .needsTool("chromium", "chromedriver", look))
  func browser() throws {
    let scratch = try ScratchDirectory()
    let result = try Command.run(
      Self.look, arguments: try Self.pages(in: scratch), timeout: .seconds(600))
    #expect(result.status == 0, "\(result)")
  }

  @Test(
    "axe-core finds nothing serious, in light and in dark", .needsTool("chromium", "chromedriver", look),
    .enabled(if: hasAxe, "axe-core could not be fetched: run Fixtures/packages with a network"))
  func accessibility() throws {
    let scratch = try ScratchDirectory()
    let result = try Command.run(
      Self.look, arguments: ["--axe"] + (try Self.fewPages(in: scratch)), timeout: .seconds(600))
    #expect(result.status == 0, "\(result)")
  }

  @Test("Strict parsers of XML and HTML find nothing to complain of", .needsTool("xmllint", look))
  func parsers() throws {
    let scratch = try ScratchDirectory()
    let pages = try Self.pages(in: scratch)
    let xml = try Command.run("xmllint", arguments: ["--noout", "--nonet", "--huge"] + pages)
    #expect(xml.status == 0 && xml.errors.isEmpty, "\(xml)")
    let html = try Command.run(Self.look, arguments: ["--parse"] + pages)
    #expect(html.status == 0, "\(html)")
  }

  @Test("Sixty images make a page of less than 1.5 MB, and its data is the report")
  func sixtyImages() throws {
    let scratch = try ScratchDirectory()
    let report = try HTMLPages.many(HTMLPages.interrupted())
    let page = try HTMLPages.write(report, as: "many", in: scratch)
    #expect(try Data(contentsOf: URL(fileURLWithPath: page)).count < 1_500_000)
    // The command that the page itself gives.
    let data = try Command.check("sed", "-n", "/^<script type=\"application.json\"/{n;p}", page).output
    #expect(try ReportDecoder.decode(data, path: "page") == report)
  }

  @Test("Of a damaged image, the map marks where it lost something")
  func damagedImage() throws {
    let scratch = try ScratchDirectory()
    let report = try HTMLPages.damaged(in: scratch)
    let integrity = try #require(report.partitions.first?.images?.first?.integrity)
    let regions = try #require(integrity.lostRegions)
    // Nothing but what was punched is lost.
    #expect(regions.allSatisfy { $0[0] >= 8 << 20 && $0[1] <= 9 << 20 })
    #expect(regions.reduce(0) { $0 + $1[1] - $1[0] } == integrity.lostBytes?.bytes)
    #expect(HTMLReport(report).render().contains("class=\"cell-lost\" d="))
  }
}
