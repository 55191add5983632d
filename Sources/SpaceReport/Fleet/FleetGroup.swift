import SpaceModel

/// The reports of one node, by what they can tell.
///
/// An audit or a check looks at everything, but reads no data. A plan is newer knowledge of the upgrade alone, and a verify
/// of the images alone: neither takes back what it did not look at.
struct FleetGroup {
  /// The newest audit or check.
  var audit: FleetNode?
  var plan: FleetNode?
  var verify: FleetNode?
  var evidence = FleetEvidence()

  /// Where a report belongs.
  static func slot(of node: FleetNode) -> WritableKeyPath<FleetGroup, FleetNode?> {
    switch node.command {
    case .plan?: \.plan
    case .verify?: \.verify
    case .audit?, .check?, nil: \.audit
    }
  }

  /// One node of its reports.
  ///
  /// - Parameter newest: Chooses the one of two reports of the upgrade that counts.
  func joined(_ newest: (FleetNode, FleetNode) -> FleetNode) -> FleetNode? {
    guard var node = upgrade(newest) else { return nil }
    if let verify, verify.source != node.source, (verify.seconds ?? .min) >= (node.seconds ?? .min),
      verify.verdict > node.verdict
    {
      node.take(FleetKnowledge.Judgement(verify), from: verify.source)
    }
    for damage in evidence.standing { node.take(damage) }
    node.knowledge = FleetKnowledge()
    return node
  }

  /// What is known of the upgrade, and of everything else where that is not of the same report.
  private func upgrade(_ newest: (FleetNode, FleetNode) -> FleetNode) -> FleetNode? {
    guard let plan else { return audit ?? verify }
    guard let audit else { return plan }
    guard (plan.seconds ?? .min) > (audit.seconds ?? .min), let besides = audit.knowledge.besides,
      besides.verdict > plan.verdict
    else { return newest(audit, plan) }
    var node = plan
    node.take(besides, from: audit.source)
    return node
  }
}

extension FleetKnowledge.Judgement {
  fileprivate init(_ node: FleetNode) {
    self.init(verdict: node.verdict, finding: node.finding, otherFindings: node.otherFindings)
  }
}

extension FleetNode {
  fileprivate mutating func take(_ judgement: FleetKnowledge.Judgement, from source: FilePath) {
    verdict = judgement.verdict
    finding = judgement.finding
    otherFindings = judgement.otherFindings
    integritySource = source
  }

  /// Damage that was proved makes a node critical, or is one more reason why it is.
  fileprivate mutating func take(_ damage: FleetEvidence.Standing) {
    if finding?.target == damage.target, finding?.severity == .critical {
      // Its own report may say it, too.
      if damage.since != generatedAt || integritySource != nil { integritySince = damage.since }
      return
    }
    if verdict < .critical {
      verdict = .critical
      finding = damage.finding
      otherFindings = nil
      integritySource = damage.source
      integritySince = damage.since
    } else if !knowledge.images.contains(where: { $0.target == damage.target && $0.damage != nil }) {
      otherFindings = (otherFindings ?? 0) + 1
    }
  }
}
