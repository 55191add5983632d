import SpaceModel

/// What the verify reports of one node have proved of its images, whatever was reported since.
///
/// A usual audit reads no data, so it cannot see most damage. What reading all of it has shown stands until it is read
/// again and found whole.
struct FleetEvidence {
  /// Damage that nothing has taken back.
  struct Standing {
    var finding: FleetNode.Deciding
    var target: String
    /// The newest report that says so.
    var source: FilePath
    /// The time of the oldest, as that report has it.
    var since: String?
  }

  private struct Proof {
    var seconds: Int64
    var report: FleetNode
    var finding: FleetNode.Deciding
  }

  /// The last time that an image was verified and clean.
  private var clean: [String: Int64] = [:]
  private var damage: [String: [Proof]] = [:]

  /// Takes what a report proves, in whatever order reports come.
  mutating func add(_ node: FleetNode) {
    // A plan repeats what the report said that it was made from, and an audit's quick look proves little.
    guard node.command == .verify else { return }
    let seconds = node.seconds ?? .min
    for image in node.knowledge.images {
      if let finding = image.damage {
        damage[image.target, default: []].append(Proof(seconds: seconds, report: node, finding: finding))
      } else {
        clean[image.target] = max(clean[image.target] ?? .min, seconds)
      }
    }
  }

  /// By target.
  var standing: [Standing] {
    damage.sorted { $0.key < $1.key }.compactMap { target, proofs in
      // Two of one time that disagree: the worse.
      let left = proofs.filter { proof in clean[target].map { proof.seconds >= $0 } ?? true }
        .sorted { ($0.seconds, $1.report.source) < ($1.seconds, $0.report.source) }
      guard let first = left.first, let last = left.last else { return nil }
      return Standing(
        finding: last.finding, target: target, source: last.report.source, since: first.report.generatedAt)
    }
  }
}
