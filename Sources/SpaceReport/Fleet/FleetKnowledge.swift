import SpaceModel

/// What a report knows of a node besides its upgrade: a newer report that never looked at it does not take it back.
struct FleetKnowledge: Sendable, Hashable {
  /// What a verdict rests on.
  struct Judgement: Sendable, Hashable {
    var verdict: Verdict
    var finding: FleetNode.Deciding?
    var otherFindings: Int?
  }

  /// An image that is damaged, or was read whole and is not.
  struct Image: Sendable, Hashable {
    /// As findings name it: `COS_STATE:cOS/passive.img`.
    var target: String
    /// `nil`: verified, and clean.
    var damage: FleetNode.Deciding?
  }

  /// Of the findings that a plan leaves out, because they do not bear on its upgrade; `nil` where there are none.
  var besides: Judgement?
  /// By partition.
  var images: [Image] = []

  init() {}

  init(_ report: Report) {
    let others = report.findings.filter { !$0.concernsUpgrade }
    let verdict = Verdict.worst(of: others)
    if verdict != .ok { besides = Judgement(verdict, FleetNode.reasons(others, verdict)) }
    for partition in report.partitions {
      for image in partition.images ?? [] where image.hardLinkOf == nil {
        guard let integrity = image.integrity else { continue }
        let target = partition.target(of: image)
        let damage = report.findings.first {
          $0.target == target && $0.severity == .critical && $0.ignored != true
            && ($0.id == .imageLostWrites || $0.id == .imageNulFiles)
        }
        if let damage {
          images.append(Image(target: target, damage: FleetNode.Deciding(damage)))
        } else if integrity.state == .clean, integrity.isVerified {
          images.append(Image(target: target, damage: nil))
        }
      }
    }
  }
}

extension FleetKnowledge.Judgement {
  init(_ verdict: Verdict, _ reasons: [Finding]) {
    self.verdict = verdict
    finding = reasons.first.map(FleetNode.Deciding.init)
    otherFindings = reasons.count > 1 ? reasons.count - 1 : nil
  }
}
