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

  /// One for each filesystem the upgrade writes to, in the profile's order. One that is not there is left out, but for
  /// the system's own.
  public func projections() -> [Projection] {
    var done: Set<String> = []
    return request.profile.upgrades.flatMap { upgrade -> [Projection] in
      guard !done.contains(upgrade.name), holds(upgrade.when) else { return [] }
      done.insert(upgrade.name)
      let meant = node.partitions.filter { isMeant($0, by: upgrade) }
      if meant.isEmpty, upgrade.name == UpgradeProfile.systemUpgrade, isNode { return [missing(upgrade)] }
      return meant.map { projection(upgrade, on: $0) }
    }
  }

  /// Whether something of what the profile writes to is there.
  private var isNode: Bool {
    let labels = Set(request.profile.upgrades.map(\.filesystemLabel))
    return node.partitions.contains { $0.filesystemLabel.map(labels.contains) ?? false }
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

  private func empty(_ upgrade: UpgradeProfile.Upgrade) -> Projection {
    var projection = Projection(
      filesystemLabel: upgrade.filesystemLabel, upgrade: upgrade.name, profile: request.profile.name,
      profileSource: request.profileSource, model: upgrade.model.rawValue, outcome: .unknown, reason: "")
    projection.target = target?.text
    if upgrade.isOptional == true, !request.includesOptional { projection.isOptional = true }
    return projection
  }

  private func missing(_ upgrade: UpgradeProfile.Upgrade) -> Projection {
    var projection = empty(upgrade)
    projection.reason =
      "No filesystem that was looked at is labelled \(upgrade.filesystemLabel), which the new system is written to."
    return projection
  }

  private func projection(_ upgrade: UpgradeProfile.Upgrade, on partition: Partition) -> Projection {
    let node = node.onDisk(of: partition)
    var projection = empty(upgrade)
    projection.device = partition.device
    projection.usableBytes = partition.usableBytes
    let doubts = ProjectionDoubt(request: request, node: node, upgrade: upgrade, partition: partition)
    guard let figures = StateFigures(partition) else {
      projection.reason =
        doubts.always
        ?? (partition.usableBytes == nil
          ? "How much space \(upgrade.filesystemLabel) has left is not known."
          : UpgradeProjector.filesystem(of: partition) == nil
            ? "What files take on \(partition.filesystemType ?? "an unknown filesystem") is not known."
            : "The figures of \(upgrade.filesystemLabel) contradict each other.")
      return projection
    }
    let calculation = UpgradeCalculation(upgrade: upgrade, request: request, node: node, target: target)
    let answer: UpgradeCalculation.Answer
    do throws(UpgradeCalculation.Missing) { answer = try calculation.answer(on: figures) } catch {
      projection.reason = doubts.always ?? error.reason
      if doubts.always == nil, error.lacksPayload { projection.lacks = .payload }
      return projection
    }
    calculation.fill(&projection, answer, figures)
    (projection.outcome, projection.cause, projection.reason) = (answer.outcome, answer.cause, answer.reason)
    if upgrade.model == .kubeletRules { KubeletRules.apply(to: &projection, partition, node.version) }
    let failure = projection.outcome
    if let doubt = doubts.always ?? doubts.of(answer) {
      (projection.outcome, projection.cause, projection.reason) = (.unknown, nil, doubt)
      projection.lacks = doubts.lacksPayload(answer) ? .payload : nil
    }
    // What lies there now is the running upgrade's.
    guard node.boot?.upgradeRunning?.isEmpty ?? true else { return projection }
    let choice = RemedyChoice(calculation: calculation, figures: figures, boot: node.boot)
    projection.whatIfs = choice.whatIfs { doubts.always == nil && doubts.of($0) == nil }
    // A rule is not met by what helps the steps.
    guard doubts.always == nil, projection.cause != .rule else { return projection }
    if [.silentCorruption, .loudFailure, .tight].contains(failure) {
      // What gives room is right also where how much there is in the end is not known for certain.
      projection.remedy = choice.remedy(of: failure) { _ in true }
      if failure != .tight, projection.remedy == nil, choice.isHopeless { projection.isHopeless = true }
    }
    return projection
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
