import SpaceModel

/// A rule by which Harvester's admission webhook denies an upgrade, before anything is written.
///
/// Both look at what kubelet's `/stats/summary` calls the node's filesystem: COS_PERSISTENT.
public enum KubeletRule: Sendable, Hashable {
  /// `availableBytes` (f_bavail) below 30 GiB denies.
  case availableSpace
  /// The images of the new release, taken as 13 GiB, must not lead to kubelet's image garbage collection
  /// (`imageGCHighThresholdPercent`, 85): more than that part of the capacity used denies, exactly that part does not.
  case imageThreshold
}

/// One rule, applied.
public struct KubeletCheck: Sendable, Hashable {
  public var rule: KubeletRule
  /// What may still be written before it denies; negative: what must be freed until it allows. Exact to the byte, except
  /// where nothing is available to users: the first bytes freed are then the reserve's, and more must be freed.
  public var headroomBytes: ByteCount
  /// Freeing everything would not help: the filesystem is too small.
  public var isHopeless: Bool
  /// The arithmetic, a clause.
  public var arithmetic: String

  public var isAllowed: Bool { headroomBytes >= .zero }
}

/// What the webhook will say.
public struct KubeletAdmission: Sendable, Hashable {
  public enum Outcome: Sendable, Hashable {
    case allowed, denied
    /// It is not known which rules there are, and they disagree.
    case unknown
  }

  public var outcome: Outcome
  /// Empty where the running version has no such rule.
  public var checks: [KubeletCheck]
  /// The rule that decides: the one with the least headroom.
  public var tightest: KubeletCheck? { checks.min { $0.headroomBytes < $1.headroomBytes } }

  /// The arithmetic of all rules, a sentence.
  public var sentence: String {
    checks.isEmpty
      ? "The running version checks no free space." : checks.map(\.arithmetic).joined(separator: "; ") + "."
  }
}

/// Which rules the *running* version's webhook has (`pkg/webhook/resources/upgrade/validator.go` in harvester/harvester).
public enum KubeletRules {
  static let leastAvailable = ByteCount.gibibytes(30)
  static let newImages = ByteCount.gibibytes(13)
  static let thresholdPercent = 85.0

  /// In the order in which the webhook applies them. Both where the version is not known.
  public static func rules(running: ReleaseVersion?) -> [KubeletRule] {
    guard let running, isCertain(running) else { return [.imageThreshold, .availableSpace] }
    let number = [running.major, running.minor, running.patch]
    func isSince(_ first: [Int]) -> Bool { !number.lexicographicallyPrecedes(first) }
    // 30 GiB since 1.1.3 (#3700), the threshold besides since 1.2.2 and 1.3 (#4701), and alone since 1.5.0 (#7134).
    if isSince([1, 5, 0]) { return [.imageThreshold] }
    if isSince([1, 2, 2]) { return [.imageThreshold, .availableSpace] }
    return isSince([1, 1, 3]) ? [.availableSpace] : []
  }

  /// Release candidates were cut after the rules of their release were in; other builds before a release that changed
  /// the rules may have been made on either side of the change.
  static func isCertain(_ running: ReleaseVersion) -> Bool {
    guard let preRelease = running.preRelease, !preRelease.hasPrefix("rc") else { return true }
    let changed = [[1, 1, 3], [1, 2, 0], [1, 2, 2], [1, 3, 0], [1, 5, 0]]
    return !changed.contains([running.major, running.minor, running.patch])
  }

  /// Applies the rules of the running version to COS_PERSISTENT as it is now.
  ///
  /// - Parameters:
  ///   - capacity: `f_blocks` × `f_frsize`.
  ///   - free: `f_bfree` × `f_frsize`; what kubelet calls used is the rest of the capacity.
  ///   - available: `f_bavail` × `f_frsize`.
  public static func admission(
    running: ReleaseVersion?, capacity: ByteCount, free: ByteCount, available: ByteCount
  ) -> KubeletAdmission {
    let capacity = max(capacity, .zero)
    let used = max(capacity - max(free, .zero), .zero)
    let checks = rules(running: running).map { rule in
      switch rule {
      case .availableSpace: availableSpace(max(available, .zero), of: capacity)
      case .imageThreshold: imageThreshold(used: used, of: capacity)
      }
    }
    let isKnown = running.map(isCertain) ?? false
    let allowed = checks.count { $0.isAllowed }
    let outcome: KubeletAdmission.Outcome =
      allowed == checks.count ? .allowed : isKnown || allowed == 0 ? .denied : .unknown
    return KubeletAdmission(outcome: outcome, checks: checks)
  }

  private static func availableSpace(_ available: ByteCount, of capacity: ByteCount) -> KubeletCheck {
    let headroom = available - leastAvailable
    let verdict =
      headroom < .zero ? "\(ByteCount.zero - headroom) too little" : "\(headroom) to spare"
    return KubeletCheck(
      rule: .availableSpace, headroomBytes: headroom, isHopeless: capacity < leastAvailable,
      arithmetic: "available \(available), at least \(leastAvailable): \(verdict)")
  }

  private static func imageThreshold(used: ByteCount, of capacity: ByteCount) -> KubeletCheck {
    let most = largestUse(of: capacity)
    let total = used + newImages
    let headroom = most - total
    let verdict = headroom < .zero ? "\(ByteCount.zero - headroom) too much" : "\(headroom) to spare"
    return KubeletCheck(
      rule: .imageThreshold, headroomBytes: headroom, isHopeless: most < newImages,
      arithmetic: "used \(used) + \(newImages) of new images = \(total) of \(capacity), at most 85 %: \(verdict)")
  }

  /// The largest use that the webhook's comparison lets pass. It is made in floating point, whose rounding may shift the
  /// limit by a byte or more on a large disk, so the same comparison is asked; it is monotonic.
  private static func largestUse(of capacity: ByteCount) -> ByteCount {
    func isDenied(_ use: Int64) -> Bool { Double(use) / Double(capacity.bytes) * 100 > thresholdPercent }
    guard capacity > .zero else { return .zero }
    var passes: Int64 = 0
    var denied = capacity.bytes
    while denied - passes > 1 {
      let middle = passes + (denied - passes) / 2
      if isDenied(middle) { denied = middle } else { passes = middle }
    }
    return ByteCount(passes)
  }
}
