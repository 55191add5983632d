import SpaceModel

extension KubeletRules {
  /// Holds a projection to the webhook's rules: it asks before the upgrade writes anything, so what it denies does not
  /// start, whatever room there would be.
  static func apply(to projection: inout Projection, _ partition: Partition, _ running: ReleaseVersion?) {
    guard let capacity = partition.capacityBytes, let free = partition.freeBytes,
      let available = partition.availableBytes
    else {
      projection.outcome = .unknown
      projection.reason = "How much space \(projection.filesystemLabel) has left for users is not known."
      return
    }
    let admission = admission(running: running, capacity: capacity, free: free, available: available)
    if projection.basis == nil {
      projection.basis = Projection.Basis(kind: .rule, source: "Harvester's admission webhook and its 13 GiB of images")
    }
    let name = running.map { "Harvester \($0.text)" } ?? "Harvester, of a release that is not known"
    switch admission.outcome {
    case .allowed:
      projection.reason += " \(name) asks: \(admission.sentence)"
    case .denied:
      let hopeless = admission.tightest?.isHopeless == true ? " The partition is too small for that rule." : ""
      projection.outcome = .loudFailure
      projection.cause = .rule
      projection.headroomBytes = admission.tightest?.headroomBytes
      projection.reason = "\(name) denies the upgrade: \(admission.sentence)\(hopeless)"
    case .unknown:
      projection.outcome = .unknown
      projection.cause = nil
      projection.reason =
        "Which free space \(name) asks for is not known, and its rules disagree: \(admission.sentence)"
    }
  }
}
