import SpaceModel

/// Which findings a projection amounts to. Pure.
public struct ProjectionRules: Sendable {
  public init() {}

  public func findings(for projections: [Projection], on partitions: [Partition], boot: BootState?) -> [Finding] {
    // While an upgrade runs there is one finding that says so, and no advice.
    guard boot?.upgradeRunning?.isEmpty ?? true else { return [] }
    // What would help once it has been booted properly is not advised now.
    let isHeldBack = boot?.mode == .passive || boot?.rebootPending == true || boot?.upgradeFailure == true
    return projections.flatMap { projection in
      findings(
        for: projection, on: partitions.first { $0.device == projection.device }, upgradeMayRun: boot == nil,
        isHeldBack: isHeldBack)
    }
  }

  private func findings(
    for projection: Projection, on partition: Partition?, upgradeMayRun: Bool, isHeldBack: Bool
  ) -> [Finding] {
    let target = partition?.name ?? projection.filesystemLabel
    let message = ProjectionText.message(projection)
    let severity: Finding.Severity
    switch projection.outcome {
    case .fits:
      guard projection.basis?.isEstimate ?? false else { return [] }
      return [Finding(.upgradeSpace, .info, target: target, message: message)]
    case .unknown:
      let hint =
        projection.basis?.kind == .installed || projection.basis == nil ? "Give the payload with --incoming." : nil
      guard projection.isOptional != true else {
        return [Finding(.upgradeSpace, .info, target: target, message: message, remedy: hint)]
      }
      return [Finding(.upgradeSpaceUnknown, .warning, target: target, message: message, remedy: hint)]
    case .tight: severity = .warning
    case .silentCorruption, .loudFailure: severity = .critical
    }
    guard projection.isOptional != true else {
      return [Finding(.upgradeSpace, .info, target: target, message: message)]
    }
    let remedy = partition.flatMap { Remedy.commands(for: projection, on: $0, upgradeMayRun: upgradeMayRun) }
    var findings = [
      Finding(.upgradeSpace, severity, target: target, message: message, remedy: remedy ?? noRemedy(projection))
    ]
    if severity == .critical, projection.remedy == nil, projection.upgrade == "system", spaceIsWhatLacks(projection),
      !isHeldBack
    {
      findings.append(
        Finding(
          .statePartitionUndersized, .warning, target: target,
          message:
            "It would not fit either after everything that can be done: \(target) is too small for this upgrade.",
          remedy: "Install anew with a larger \(target), or ask the vendor for a way that needs less."))
    }
    return findings
  }

  /// Inodes and the inside of the image do not grow with the partition.
  private func spaceIsWhatLacks(_ projection: Projection) -> Bool {
    projection.cause == .tree || projection.cause == .image
  }

  private func noRemedy(_ projection: Projection) -> String? {
    switch projection.cause {
    case .imageBlocks, .imageInodes:
      "Give the new image more room: upgrade.system.size in the configuration, or --image-size."
    case .stateInodes: "Remove files that are not needed from \(projection.filesystemLabel)."
    case .rule: "Remove files that are not needed from \(projection.filesystemLabel), or attach a larger disk."
    default: nil
    }
  }
}

/// A projection in words.
enum ProjectionText {
  /// What happens, with its arithmetic.
  static func message(_ projection: Projection) -> String {
    var sentences = [projection.reason]
    if projection.outcome != .unknown || projection.steps.isEmpty == false, let arithmetic = arithmetic(projection) {
      sentences.append(arithmetic)
    }
    if projection.basis?.isEstimate ?? false { sentences.append("The size is an estimate: \(basis(projection)).") }
    return sentences.joined(separator: " ")
  }

  /// `It needs 4.25 GiB (tree 2.10 GiB + image 2.14 GiB) and has 3.47 GiB: 795 MiB short.`
  static func arithmetic(_ projection: Projection) -> String? {
    guard let need = projection.needBytes, let usable = projection.usableBytes, let headroom = projection.headroomBytes
    else { return nil }
    let parts = parts(projection).map { " (\($0))" } ?? ""
    let credit = projection.creditBytes.map { " and \($0) that the upgrade gives back first" } ?? ""
    return "It needs \(need)\(parts) and has \(usable)\(credit): \(balance(headroom))."
  }

  static func balance(_ headroom: ByteCount) -> String {
    headroom < .zero ? "\(ByteCount.zero - headroom) short" : "\(headroom) to spare"
  }

  private static func parts(_ projection: Projection) -> String? {
    guard projection.model == "two-copy", let tree = projection.basis?.treeBytes,
      let image = projection.basis?.imageBytes
    else { return nil }
    return "tree \(tree) + image \(image)"
  }

  static func basis(_ projection: Projection) -> String {
    guard let basis = projection.basis else { return "unknown" }
    switch basis.kind {
    case .payload: return "measured: \(basis.source)"
    case .card: return "payload card of \(basis.source)"
    case .given: return "as given by \(basis.source)"
    case .installed: return basis.source
    case .rule: return basis.source
    }
  }
}
