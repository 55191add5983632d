import SpaceModel
import SpaceReport
import UpgradeProjection

/// What a survey found of a node or a disk; the report follows from it. Pure.
struct SurveyedNode: Sendable {
  var host: Report.Host
  var boot: BootState?
  /// `nil` where it cannot be known.
  var isUpgradeRunning: Bool?
  var partitions: [Partition]
  /// Those that the survey itself has made; the rules add theirs.
  var findings: [Finding]
  var limits: [Limit]
  var choice: UpgradeChoice
  var warnReclaimable: SizeThreshold?
  /// Whether enough was looked at to project an upgrade.
  var isProjected: Bool
  /// The node's root as the audit was told to find it; `nil`: it is this machine's.
  var sysroot: FilePath?

  /// Applies the rules, projects the upgrade and says the verdict.
  func report(tool: Report.Tool, generatedAt: String) -> Report {
    let plan = UpgradePlan(choice, host: host, boot: boot, partitions: isProjected ? partitions : [], sysroot: sysroot)
    var rules = ImageRules(warnReclaimable: warnReclaimable, denseImagesExpected: host.product == "kairos")
    rules.isUpgradeRunning = isUpgradeRunning
    rules.decisive = ImageRules.decisive(plan.projections)
    rules.sysroot = sysroot
    rules.ambiguousLabels = ImageRules.ambiguousLabels(partitions)
    var found = findings + partitions.flatMap(rules.findings(for:))
    found += partitions.flatMap(IntegrityRules(boot: boot).findings(for:))
    found = Self.withoutExplained(found, partitions)
    if isUpgradeRunning == true { found = found.map(BootRules.withoutRemedy) }
    found += plan.findings
    var seen: Set<Limit> = []
    return Report(
      generatedAt: generatedAt, tool: tool, host: host, boot: boot,
      limits: (limits + plan.limits).filter { seen.insert($0).inserted }, partitions: partitions,
      projections: plan.projections, findings: found)
  }

  /// That a file inside a damaged image cannot be read is part of the damage.
  private static func withoutExplained(_ findings: [Finding], _ partitions: [Partition]) -> [Finding] {
    let damaged = Set(
      partitions.flatMap { partition in
        (partition.images ?? []).filter { $0.integrity?.state == .damaged }.map { partition.target(of: $0) }
      })
    return findings.filter { $0.id != .imageUnreadable || !damaged.contains($0.target) }
  }

  /// The same with every image that was only estimated giving back this part of its data.
  ///
  /// - Parameter all: All of it; else nothing.
  func giving(all: Bool) -> SurveyedNode {
    var node = self
    for partition in node.partitions.indices {
      for index in (node.partitions[partition].images ?? []).indices {
        guard let image = node.partitions[partition].images?[index], image.zeroBytes == nil else { continue }
        node.partitions[partition].images?[index].reclaimableBytes =
          all ? image.dataBytes ?? image.allocatedBytes : .zero
        node.partitions[partition].images?[index].reclaimableBasis = .scan
      }
    }
    return node
  }
}
