import SpaceModel

/// Projects an upgrade on the filesystems of a node. Pure: a saved report gives the same answer as the disk it was
/// made from.
public struct UpgradeProjector: Sendable {
  let request: UpgradeRequest
  let node: UpgradeNode

  public init(_ request: UpgradeRequest, on node: UpgradeNode) {
    self.request = request
    self.node = node
  }

  /// What a partition is to the files that are copied to it; `nil` for a filesystem whose allocation is not known.
  public static func filesystem(of partition: Partition) -> TreeFilesystem? { StateFigures.filesystem(partition) }

  /// One for each filesystem the upgrade writes to and that is there, in the profile's order.
  public func projections() -> [Projection] {
    var done: Set<String> = []
    return request.profile.upgrades.flatMap { upgrade -> [Projection] in
      guard !done.contains(upgrade.name), holds(upgrade.when) else { return [] }
      done.insert(upgrade.name)
      return node.partitions.filter { isMeant($0, by: upgrade) }.map { projection(upgrade, on: $0) }
    }
  }

  /// Of several filesystems with one label, only the one that counts was searched for images.
  private func isMeant(_ partition: Partition, by upgrade: UpgradeProfile.Upgrade) -> Bool {
    guard partition.filesystemLabel == upgrade.filesystemLabel else { return false }
    let others = node.partitions.filter {
      $0.filesystemLabel == upgrade.filesystemLabel && $0.device != partition.device
    }
    return partition.images != nil || others.allSatisfy { $0.images == nil }
  }

  // MARK: One filesystem

  private func projection(_ upgrade: UpgradeProfile.Upgrade, on partition: Partition) -> Projection {
    var projection = Projection(
      filesystemLabel: upgrade.filesystemLabel, upgrade: upgrade.name, profile: request.profile.name,
      profileSource: request.profileSource, model: upgrade.model.rawValue, outcome: .unknown, reason: "")
    projection.device = partition.device
    projection.target = target?.text
    projection.usableBytes = partition.usableBytes
    if upgrade.isOptional == true, !request.includesOptional { projection.isOptional = true }
    guard let figures = StateFigures(partition) else {
      projection.reason =
        partition.usableBytes == nil
        ? "How much space \(upgrade.filesystemLabel) has left is not known."
        : "What files take on \(partition.filesystemType ?? "an unknown filesystem") is not known."
      return projection
    }
    let calculation = UpgradeCalculation(upgrade: upgrade, request: request, node: node, target: target)
    guard let answer = calculation.answer(on: figures, &projection) else { return projection }
    calculation.fill(&projection, answer, figures)
    settle(&projection, calculation, answer, partition)
    // What lies there now is the running upgrade's.
    guard node.boot?.upgradeRunning?.isEmpty ?? true else { return projection }
    projection.whatIfs = whatIfs(calculation, figures, answer, partition)
    if projection.outcome == .silentCorruption || projection.outcome == .loudFailure || projection.outcome == .tight {
      projection.remedy = remedy(calculation, figures, projection.outcome, partition)
    }
    return projection
  }

  /// Applies what makes an answer unsure, whatever the figures say.
  private func settle(
    _ projection: inout Projection, _ calculation: UpgradeCalculation, _ answer: UpgradeCalculation.Answer,
    _ partition: Partition
  ) {
    projection.outcome = answer.outcome
    projection.cause = answer.cause
    projection.reason = answer.reason
    if projection.model == UpgradeProfile.Model.kubeletRules.rawValue {
      KubeletRules.apply(to: &projection, partition, node.version)
    }
    if let doubt = doubt(calculation.upgrade, on: partition, answer) {
      projection.outcome = .unknown
      projection.cause = nil
      projection.reason = doubt
    }
  }

  /// Why no answer can be trusted; `nil` where nothing stands against it.
  private func doubt(
    _ upgrade: UpgradeProfile.Upgrade, on partition: Partition, _ answer: UpgradeCalculation.Answer
  ) -> String? {
    if let running = node.boot?.upgradeRunning, !running.isEmpty {
      return "An upgrade is running (\(running.joined(separator: ", "))): what is free now says nothing of the next."
    }
    if let doubt = PayloadDoubt.of(request, node) { return doubt }
    // What an upgrade copies systems to was searched for images, or it could not be.
    if upgrade.copy != nil, partition.images == nil {
      return
        "The files on \(partition.filesystemLabel ?? "it") could not be looked at, so its figures cannot be trusted."
    }
    if request.requirePayload, answer.isEstimate {
      return "The size of the new system is an estimate, and a measured payload is required."
    }
    // A mount would replay the journal first, and that can take space as well as give it.
    if partition.needsRecovery == true,
      answer.outcome == .fits || answer.outcome == .tight
    {
      return "\(partition.filesystemLabel ?? "It") was copied while it was in use and its journal was not replayed, so "
        + "the free space of the node may be less than is counted here."
    }
    return nil
  }

  // MARK: What if

  private func whatIfs(
    _ calculation: UpgradeCalculation, _ figures: StateFigures, _ answer: UpgradeCalculation.Answer,
    _ partition: Partition
  ) -> [Projection.WhatIf] {
    SpaceAction.all(on: figures).map { action in
      let after = figures.after(action)
      let then = calculation.answer(on: after)
      var outcome = then?.outcome ?? .unknown
      if let then, doubt(calculation.upgrade, on: partition, then) != nil { outcome = .unknown }
      return Projection.WhatIf(
        id: action.id, freesBytes: after.usable - figures.usable, headroomBytes: then?.most.headroom, outcome: outcome,
        risk: risk(of: action, figures))
    }
  }

  private func risk(of action: SpaceAction, _ figures: StateFigures) -> String? {
    switch action {
    case .digHoles, .removeLeftovers: return nil
    case .removePassive:
      if figures.image(.passive)?.isPinned == true {
        return "it runs from passive.img: removing that gives nothing back before a reboot, and leaves no good system"
      }
      return "no fallback until the upgrade is done; active was not verified"
    }
  }

  /// The cheapest set of actions that makes it fit; where none does, the cheapest that makes it tight.
  private func remedy(
    _ calculation: UpgradeCalculation, _ figures: StateFigures, _ now: Projection.Outcome, _ partition: Partition
  ) -> [String]? {
    // Beyond a dozen images the sets are too many to try; the largest come first.
    let actions = SpaceAction.all(on: figures).filter { isAdvisable($0, figures) }.prefix(10)
    var best: (rank: Int, cost: Int, ids: [String])?
    for choice in 1..<(1 << actions.count) {
      let chosen = actions.enumerated().filter { choice >> $0.offset & 1 == 1 }.map(\.element)
      let after = chosen.reduce(figures) { $0.after($1) }
      guard let then = calculation.answer(on: after), doubt(calculation.upgrade, on: partition, then) == nil else {
        continue
      }
      let rank: Int
      switch then.outcome {
      case .fits: rank = 0
      case .tight where now != .tight: rank = 1
      default: continue
      }
      let cost = chosen.reduce(0) { $0 + $1.cost }
      if best.map({ (rank, cost) < ($0.rank, $0.cost) }) ?? true { best = (rank, cost, chosen.map(\.id)) }
    }
    return best?.ids
  }

  /// What never puts the last good system at risk.
  private func isAdvisable(_ action: SpaceAction, _ figures: StateFigures) -> Bool {
    guard action == .removePassive else { return true }
    guard let active = figures.image(.active), active.allocated > .zero else { return false }
    return node.boot?.mode != .passive && figures.image(.passive)?.isPinned != true
      && node.boot?.rebootPending != true && node.boot?.upgradeFailure != true
  }

  // MARK: Conditions

  private var target: ReleaseVersion? {
    request.target ?? request.payload?.system.productVersion.flatMap { ReleaseVersion($0) }
  }

  private func holds(_ condition: UpgradeProfile.Condition?) -> Bool {
    condition?.holds(target: target, request: request, node: node) ?? true
  }
}

extension UpgradeProfile.Condition {
  func holds(target: ReleaseVersion?, request: UpgradeRequest, node: UpgradeNode) -> Bool {
    if let bootedFrom, !(node.boot?.mode.map(bootedFrom.contains) ?? false) { return false }
    if let notBootedFrom, node.boot?.mode.map(notBootedFrom.contains) ?? false { return false }
    if let targetFrom, !(target.map { $0 >= targetFrom } ?? false) { return false }
    if let targetBefore, !(target.map { $0 < targetBefore } ?? false) { return false }
    if let source, !(request.payload.map { source.contains($0.source.kind) } ?? false) { return false }
    if let recoveryFilesystem {
      let recovery = node.partitions.flatMap { $0.images ?? [] }.first { $0.role == .recovery }
      guard let type = recovery?.inner?.filesystemType, recoveryFilesystem.contains(type) else { return false }
    }
    return true
  }
}
