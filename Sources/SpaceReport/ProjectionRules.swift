import SpaceModel

/// Which findings a projection amounts to. Pure.
public struct ProjectionRules: Sendable {
  private let sysroot: FilePath?

  /// - Parameter sysroot: The node's root as the audit was told to find it; `nil`: it is this machine's.
  public init(sysroot: FilePath? = nil) { self.sysroot = sysroot }

  public func findings(for projections: [Projection], on partitions: [Partition], boot: BootState?) -> [Finding] {
    // While an upgrade runs there is one finding that says so, and no advice.
    guard boot?.upgradeRunning?.isEmpty ?? true else { return [] }
    return projections.flatMap { projection in
      findings(
        for: projection, on: partitions.first { $0.device == projection.device },
        upgradeMayRun: boot == nil || boot?.upgradeMayRun == true)
    }
  }

  private func findings(
    for projection: Projection, on partition: Partition?, upgradeMayRun: Bool
  ) -> [Finding] {
    let target = partition?.name ?? projection.filesystemLabel
    let message = ProjectionText.message(projection)
    let commands = partition.flatMap {
      Remedy.commands(for: projection, on: $0, upgradeMayRun: upgradeMayRun, sysroot: sysroot)
    }
    let remedy =
      commands
      ?? (projection.lacks == .payload
        ? "Measure the new release: headroom plan --incoming PAYLOAD (its root directory, squashfs or ISO)."
        : inWords(projection))
    let isOptional = projection.isOptional == true
    let severity: Finding.Severity
    var id = Finding.ID.upgradeSpace
    switch projection.outcome {
    case .fits:
      guard projection.basis?.isEstimate ?? false else { return [] }
      severity = .info
    case .tight: severity = .warning
    case .silentCorruption, .loudFailure: severity = .critical
    case .unknown:
      severity = .warning
      id = .upgradeSpaceUnknown
    }
    var findings = [
      isOptional
        ? Finding(.upgradeSpace, .info, target: target, message: message, remedy: remedy)
        : Finding(id, severity, target: target, message: message, remedy: remedy)
    ]
    if severity == .critical, !isOptional, projection.isHopeless == true {
      findings.append(
        Finding(
          .statePartitionUndersized, .warning, target: target,
          message:
            "It would not fit either after everything that can be done: \(target) is too small for this upgrade.",
          remedy: "Install anew with a larger \(target), or ask the vendor for a way that needs less."))
    }
    return findings
  }

  /// What to do where no command helps.
  private func inWords(_ projection: Projection) -> String? {
    switch projection.cause {
    case .imageBlocks, .imageInodes:
      "The new image must be made larger: elemental takes its size from upgrade.system.size of its configuration, and "
        + "Harvester's upgrade sets 3072 MiB itself."
    case .stateInodes: "Remove files that are not needed from \(projection.filesystemLabel)."
    case .rule:
      "Remove files that are not needed from \(projection.filesystemLabel); where there are none, it takes a larger disk."
    case .tree, .image, nil: nil
    }
  }
}

/// A projection in words.
enum ProjectionText {
  /// What happens, with its arithmetic.
  static func message(_ projection: Projection) -> String {
    var sentences = [projection.reason]
    if projection.cause != .rule, let arithmetic = arithmetic(projection) {
      sentences.append(arithmetic)
    }
    if let byHand = byHand(projection) { sentences.append(byHand) }
    if projection.basis?.isEstimate ?? false { sentences.append("The size is an estimate: \(basis(projection)).") }
    return sentences.joined(separator: " ")
  }

  /// `It needs 4.25 GiB (tree 2.10 GiB + image 2.14 GiB) and has 3.47 GiB: 795 MiB short.`
  static func arithmetic(_ projection: Projection) -> String? {
    guard let need = projection.needBytes, let usable = projection.usableBytes, let headroom = projection.headroomBytes
    else { return nil }
    let parts = parts(projection).map { " (\($0))" } ?? ""
    let credit = projection.creditBytes.map { " and \($0) that the upgrade gives back first" } ?? ""
    return "It needs \(need)\(parts) and has \(usable)\(credit): \(TextStyle().balance(headroom))."
  }

  /// Where the product's job digs first, what becomes of the upgrade without it.
  static func byHand(_ projection: Projection) -> String? {
    guard let headroom = projection.headroomByHandBytes, let outcome = projection.outcomeByHand else { return nil }
    return "Run by hand, elemental digs nothing first: \(TextStyle().balance(headroom)), \(outcome.words)."
  }

  private static func parts(_ projection: Projection) -> String? {
    copies(projection).map { "tree \($0.tree) + image \($0.image)" }
  }

  /// What the need is the sum of; `nil` where it is no sum of the two.
  static func copies(_ projection: Projection) -> (tree: ByteCount, image: ByteCount)? {
    guard projection.model == "two-copy", let tree = projection.basis?.treeBytes,
      let image = projection.basis?.imageBytes,
      // What was left of an upgrade, and is truncated in between, makes it less.
      tree + image == projection.needBytes
    else { return nil }
    return (tree, image)
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
