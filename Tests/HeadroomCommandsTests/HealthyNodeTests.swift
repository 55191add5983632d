import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// A healthy node is quiet, a wasteful one is not. The disks are small; the proportions are those of real nodes.
@Suite(.needsTool("mke2fs", "sfdisk", "mkfs.vfat")) struct HealthyNodeTests {
  @Test(
    "nothing above info on a healthy node",
    arguments: ["harvester-1.4.2-fresh", "harvester-1.8-upgraded-15g", "kairos-fresh", "elemental-v2"])
  func nothingAboveInfoOnAHealthyNode(scenario: String) throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(scenario, in: scratch)
    let report = try Headroom.audit("--disk", disk, "--margin", "4M")
    #expect(report.verdict == .ok)
    #expect(report.findings.filter { $0.severity > .info } == [])
    #expect(try report.partition("COS_STATE").images?.isEmpty == false)
    let text = try Headroom.run("audit", "--disk", disk, "--margin", "4M")
    #expect(text.status == 0)
    #expect(text.lines.first?.contains(": OK TO UPGRADE by estimate: ") == true)
    #expect(text.errors == "")
  }

  @Test("the node of the incident must not be upgraded before passive is dug, and nothing else is wrong with it")
  func theNodeOfTheIncidentMustNotBeUpgradedBeforePassiveIsDug() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("harvester-1.4.0-fresh", in: scratch)
    let report = try Headroom.audit("--disk", disk, "--margin", "4M")
    #expect(report.verdict == .critical)
    #expect(report.findings.filter { $0.severity > .info }.map(\.target) == ["COS_STATE", "COS_STATE:cOS/passive.img"])
    let projection = try #require(report.projections.first)
    #expect(projection.outcome == .silentCorruption)
    #expect(projection.remedy == ["dig-holes:cOS/passive.img"])
    #expect(report.findings(.recoveryNotSparse).map(\.severity) == [.info])
  }

  @Test("what an interrupted upgrade left is listed, and is removed only while no upgrade is running")
  func whatAnInterruptedUpgradeLeftIsListed() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("interrupted-upgrade", in: scratch)
    let report = try Headroom.audit("--disk", disk)
    let leftovers = try #require(try report.partition("COS_STATE").leftovers)
    #expect(leftovers.map(\.path.display) == ["cOS/transition.img", "cOS/transition.imgTree"])
    #expect(leftovers.allSatisfy { $0.allocatedBytes > .zero })
    #expect(report.findings(.upgradeLeftovers).count == 1)
    let text = try Headroom.run("audit", "--disk", disk).text
    for words in report.findings.compactMap(\.remedy) + [text] {
      let first = words.range(of: "rm -r")?.lowerBound ?? words.endIndex
      let warning = words.range(of: "# only while no upgrade is running:")?.lowerBound ?? words.endIndex
      #expect(warning <= first, "an rm in: \(words)")
    }
  }
}
