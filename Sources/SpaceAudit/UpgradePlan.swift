import SpaceModel
import SpaceReport
import UpgradeProjection

/// Projects an upgrade from a report's values alone, so that a saved report gives what its disk gave.
public struct UpgradePlan: Sendable {
  public var projections: [Projection]
  public var findings: [Finding]
  public var limits: [Limit]

  /// - Parameter sysroot: The node's root as the audit was told to find it, for commands; `nil`: it is this machine's.
  public init(
    _ choice: UpgradeChoice, host: Report.Host, boot: BootState?, partitions: [Partition], sysroot: FilePath? = nil
  ) {
    let layout = partitions.lazy.filter { $0.filesystemLabel == "COS_STATE" }.compactMap(\.layout).first
    let detection = ProfileDetection.of(product: host.product, osName: host.osName, layout: layout)
    let profile = choice.profile ?? UpgradeProfile.builtIn(detection.name)
    projections = []
    let rules = boot.map { BootRules(boot: $0, product: host.product) }
    findings = rules?.findings(for: partitions) ?? []
    limits = rules?.limits(for: partitions) ?? []
    guard let profile else { return }
    let request = UpgradeRequest(
      profile: profile, profileSource: choice.profile == nil ? detection.source : "given with --profile",
      choice: choice)
    var node = UpgradeNode(partitions: partitions, boot: boot)
    node.product = host.product
    node.version = host.productVersion.flatMap { ReleaseVersion($0) }
    node.architecture = host.architecture
    projections = UpgradeProjector(request, on: node).projections()
    // Where only a part was asked for, that the rest is not there says nothing.
    if choice.isPartial, !partitions.contains(where: { $0.filesystemLabel == "COS_STATE" }) {
      projections.removeAll { $0.upgrade == UpgradeProfile.systemUpgrade && $0.device == nil }
    }
    findings += ProjectionRules(sysroot: sysroot).findings(for: projections, on: partitions, boot: boot)
    guard !projections.isEmpty else { return }
    if choice.includesOptional, !projections.contains(where: { $0.upgrade == "recovery" }) {
      limits.append(
        Limit(
          Self.recoveryNotProjected,
          "An upgrade of the recovery system was not projected: \(profile.title) has none, or COS_RECOVERY was not found."
        ))
    }
    if choice.profile == nil, detection.isAssumed {
      limits.append(
        Limit(
          Self.profileAssumed,
          "Nothing says which product this is: the upgrade is projected as elemental's, which needs the most room. "
            + "Name another profile with --profile."))
    }
    if let payload = choice.payload, payload.system.architecture == nil || host.architecture == nil {
      limits.append(
        Limit(
          Self.architectureUnchecked,
          "\(payload.source.path.display): whether it is built for this node's architecture is not known."))
    }
    if let payload = choice.payload, payload.system.product == nil || payload.system.productVersion == nil {
      limits.append(
        Limit(
          Self.payloadUnnamed,
          "\(payload.source.path.display): it does not say which product and release it is, so nothing shows that it is "
            + "this node's."))
    }
  }

  private static let profileAssumed = "profile-assumed"
  private static let recoveryNotProjected = "recovery-not-projected"
  private static let payloadUnnamed = "payload-unnamed"
  private static let architectureUnchecked = "payload-architecture-unchecked"
  /// Limits and findings that a plan makes anew; those of a saved report are of the plan it was saved with.
  private static let ownLimits: Set<String> = [
    profileAssumed, recoveryNotProjected, payloadUnnamed, architectureUnchecked, "uki-boot",
  ]

  /// A report of the plan alone: what the upgrade will do, and what stands against it.
  ///
  /// - Parameter sysroot: As in ``init(_:host:boot:partitions:sysroot:)``.
  /// - Throws: ``StorageError`` where the payload must be counted for a filesystem of the report, and cannot be.
  public static func report(
    _ choice: UpgradeChoice, from report: Report, sysroot: FilePath? = nil
  ) throws(StorageError) -> Report {
    var choice = choice
    choice.isPartial = false
    try choice.cover(report.partitions)
    let plan = UpgradePlan(
      choice, host: report.host, boot: report.boot, partitions: report.partitions, sysroot: sysroot)
    // A damaged active image is what an upgrade makes the fallback.
    let active = report.activeImages
    let kept = report.findings.filter { finding in
      (finding.concernsUpgrade && !finding.comesFromPlan)
        || (finding.id == .imageLostWrites && finding.severity > .info && active.contains(finding.target))
    }
    var planned = Report(
      generatedAt: report.generatedAt, tool: report.tool, host: report.host, boot: report.boot,
      limits: report.limits.filter { !ownLimits.contains($0.id) } + plan.limits, partitions: report.partitions,
      projections: plan.projections, findings: kept + plan.findings)
    if plan.projections.isEmpty { planned.verdict = max(planned.verdict, .unknown) }
    return planned
  }
}
