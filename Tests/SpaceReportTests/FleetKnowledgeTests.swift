import SpaceModel
import Testing

@testable import SpaceReport

/// What one kind of report knows is not taken back by another that never looked.
@Suite struct FleetKnowledgeTests {
  /// A report with one image that was looked at so.
  private static func report(
    _ command: Report.Command, day: Int, _ state: Integrity.State = .clean, whole: Bool = true, short: Bool = false
  ) -> FleetNode {
    var image = Samples.image()
    image.integrity = Integrity(
      state: state, reason: "So it was found.", checked: whole ? ["holes", "zeros"] : ["holes"])
    let partition = Samples.state([image])
    var findings = command == .plan ? [] : IntegrityRules().findings(for: partition)
    if short { findings.append(Finding(.upgradeSpace, .critical, target: "COS_STATE", message: "Short.")) }
    var report = Samples.report([partition], findings: findings, node: "a")
    report.tool.command = command
    report.generatedAt = "2026-02-0\(day)T00:00:00Z"
    return FleetNode(report, source: FilePath("\(command.rawValue)-\(day)"))
  }

  @Test("a plan takes back nothing that an audit says of the images, and still decides about space")
  func planBehindAudit() throws {
    for damaging in [Report.Command.audit, .check, .verify] {
      let damaged = Self.report(damaging, day: 5, .damaged, whole: false)
      for order in [[damaged, Self.report(.plan, day: 6)], [Self.report(.plan, day: 6), damaged]] {
        let node = try #require(try FleetMergeTests.merged(order).nodes.first)
        #expect(node.verdict == .critical)
        #expect(node.finding?.id == .imageLostWrites)
        #expect(node.integritySource == damaged.source)
      }
    }
    let roomier = try FleetMergeTests.merged([Self.report(.audit, day: 5, short: true), Self.report(.plan, day: 6)])
    #expect(roomier.verdict == .ok)
    #expect(roomier.counts.superseded == 1)
    let newer = try FleetMergeTests.merged([Self.report(.audit, day: 7), Self.report(.plan, day: 6, short: true)])
    #expect(newer.verdict == .ok)
  }

  @Test("damage that a verify proved stands until a later one reads the image whole and finds it clean")
  func provedDamage() throws {
    let proof = Self.report(.verify, day: 3, .damaged)
    let rows: [([FleetNode], Verdict)] = [
      ([Self.report(.audit, day: 5, whole: false)], .critical),
      ([Self.report(.audit, day: 5, whole: false), Self.report(.verify, day: 6, whole: false)], .critical),
      ([Self.report(.audit, day: 5, whole: false), Self.report(.verify, day: 2)], .critical),
      ([Self.report(.audit, day: 5, whole: false), Self.report(.verify, day: 4)], .ok),
      ([Self.report(.verify, day: 5)], .ok),
      ([Self.report(.plan, day: 5)], .critical),
    ]
    for (others, verdict) in rows {
      for reports in [[proof] + others, others + [proof]] {
        let node = try #require(try FleetMergeTests.merged(reports).nodes.first)
        #expect(node.verdict == verdict, "\(others.map(\.source))")
        #expect(node.integritySince == (verdict == .ok ? nil : "2026-02-03T00:00:00Z"), "\(others.map(\.source))")
      }
    }
    // Found twice: since the first time.
    let again = try FleetMergeTests.merged([
      proof, Self.report(.verify, day: 4, .damaged), Self.report(.audit, day: 5, whole: false),
    ])
    #expect(again.nodes.first?.integritySource == "verify-4")
    #expect(again.nodes.first?.integritySince == "2026-02-03T00:00:00Z")
    let text = FleetText(again, style: Samples.wide).render()
    #expect(text.contains("image-lost-writes COS_STATE:cOS/passive.img since 2026-02-03"))
    #expect(text.contains("no later 'headroom verify' found the image clean"))
  }

  @Test("damage beside a shortfall is one more reason, once") func besideShortfall() throws {
    let proof = Self.report(.verify, day: 3, .damaged)
    let blind = try FleetMergeTests.merged([proof, Self.report(.audit, day: 5, whole: false, short: true)])
    #expect(blind.nodes.first?.finding?.id == .upgradeSpace)
    #expect(blind.nodes.first?.otherFindings == 1)
    let seeing = try FleetMergeTests.merged([proof, Self.report(.audit, day: 5, .damaged, whole: false, short: true)])
    #expect(seeing.nodes.first?.otherFindings == 1)
  }
}
