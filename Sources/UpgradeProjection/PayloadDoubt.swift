import SpaceModel

/// Why a payload, or the release that is asked for, is not what this node would be upgraded to.
enum PayloadDoubt {
  /// A sentence; `nil` where nothing stands against it.
  static func of(_ request: UpgradeRequest, _ node: UpgradeNode) -> String? {
    let profile = request.profile
    if let system = request.payload?.system {
      if let product = system.product, let wanted = node.product ?? profile.product, product != wanted {
        return "The payload is \(product) (\(system.osName ?? "of no name")), and this node is \(wanted)."
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
    }
    let target = request.target ?? request.payload?.system.productVersion.flatMap { ReleaseVersion($0) }
    if let target, let newest = profile.newestTarget, (target.major, target.minor) > (newest.major, newest.minor) {
      return "How \(profile.title) \(target.text) upgrades is not known to this version of Headroom, which knows up to "
        + "\(newest.text)."
    }
    return nil
  }
}
