import SpaceModel

/// Why an answer cannot be trusted, whatever the figures say.
struct ProjectionDoubt {
  let request: UpgradeRequest
  let node: UpgradeNode
  let upgrade: UpgradeProfile.Upgrade
  let partition: Partition

  /// What stands against any answer, a sentence; `nil` where nothing does.
  var always: String? {
    if let running = node.boot?.upgradeRunning, !running.isEmpty {
      return "An upgrade is running (\(running.joined(separator: ", "))): what is free now says nothing of the next."
    }
    if node.boot?.mode == .uki {
      return
        "The node boots unified kernel images, and an upgrade writes to its EFI partition: what lies here is not used."
    }
    if let doubt = ofPayload ?? ofTarget { return doubt }
    if upgrade.model == .btrfsSnapshot, partition.filesystemType != "btrfs" {
      return "The profile \(request.profile.name) makes btrfs snapshots, and \(partition.filesystemLabel ?? "this") is "
        + "\(partition.filesystemType ?? "not known")."
    }
    // What an upgrade copies systems to was searched for images, or it could not be.
    if upgrade.copy != nil, partition.images == nil {
      return
        "The files on \(partition.filesystemLabel ?? "it") could not be looked at, so its figures cannot be trusted."
    }
    return nil
  }

  /// What stands against this answer.
  func of(_ answer: UpgradeCalculation.Answer) -> String? {
    if lacksPayload(answer) {
      return "The size of the new system is an estimate, and a measured payload is required."
    }
    // A mount would replay the journal first, and that can take space as well as give it.
    if partition.needsRecovery == true, answer.outcome == .fits || answer.outcome == .tight {
      return "\(partition.filesystemLabel ?? "It") was copied while it was in use and its journal was not replayed, so "
        + "the free space of the node may be less than is counted here."
    }
    return nil
  }

  /// A payload is asked for, and there is an estimate.
  func lacksPayload(_ answer: UpgradeCalculation.Answer) -> Bool { request.requirePayload && answer.isEstimate }

  private var ofPayload: String? {
    guard let system = request.payload?.system else { return nil }
    if let product = system.product, let wanted = node.product ?? request.profile.product, product != wanted {
      return "The payload is \(product) (\(system.osName ?? "of no name")), and this node is \(wanted)."
    }
    // Harvester and Kairos always say that they are.
    if system.product == nil, let name = system.osName, let wanted = node.product, wanted == request.profile.product {
      return "The payload is \(name), and this node is \(wanted)."
    }
    if let architecture = system.architecture, let own = node.architecture, architecture != own {
      return "The payload is built for \(architecture), and this node is \(own)."
    }
    if let target = request.target, let version = system.productVersion, ReleaseVersion(version) != target {
      return "The payload is \(version), not \(target.text)."
    }
    if let oldest = system.minUpgradableVersion.flatMap({ ReleaseVersion($0) }), let running = node.version,
      running < oldest
    {
      return "The payload can be upgraded to from \(oldest.text) on, and this node has \(running.text)."
    }
    return nil
  }

  private var ofTarget: String? {
    let target = request.target ?? request.payload?.system.productVersion.flatMap { ReleaseVersion($0) }
    if let target, let running = node.version, request.profile.product != nil, target < running {
      return "\(target.text) is older than \(running.text), which is installed."
    }
    guard let target, let newest = request.profile.newestTarget,
      (target.major, target.minor) > (newest.major, newest.minor)
    else { return nil }
    return
      "How \(request.profile.title) \(target.text) upgrades is not known to this version of Headroom, which knows up "
      + "to \(newest.text)."
  }
}
