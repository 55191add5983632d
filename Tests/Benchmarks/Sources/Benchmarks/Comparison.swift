import Foundation

/// What changed since another run.
///
/// The machine may have changed too: what the other programs of a row took then and now says by how much, and that is
/// taken out. What is left is a change only where it is larger than the noise: how far the medians are from the bests, of
/// Headroom and of the others, in both runs, and how far the others disagree about the machine.
struct Comparison {
  let old: RunRecord
  let new: RunRecord

  struct Change {
    var name: String
    var before: Double
    var after: Double
    /// What the others took, now to then.
    var machine: Double
    var noise: Double

    /// Now to then, the machine's share taken out.
    var ratio: Double { after / before / machine }

    var verdict: String {
      if ratio > 1 + noise { return "SLOWER" }
      return ratio < 1 / (1 + noise) ? "faster" : "same"
    }
  }

  var changes: [Change] {
    let pairs = new.rows.compactMap { row in
      old.rows.first { $0.name == row.name }.map { Pair(old: $0, new: row) }
    }
    // A row where nobody else takes part goes by what the machine did in all the others.
    let everywhere = Pair.mean(pairs.flatMap(\.logarithms))
    return pairs.compactMap { $0.change(everywhere: everywhere) }
  }

  /// A row in both runs.
  private struct Pair {
    let name: String
    var ours: (before: Series, after: Series)?
    /// Of each other program's time, now to then.
    var logarithms: [Double] = []
    private var otherSpreads: [Double] = []

    init(old: RowRecord, new: RowRecord) {
      name = new.name
      for contender in new.contenders {
        guard let before = old.contenders.first(where: { $0.name == contender.name })?.series else { continue }
        let after = contender.series
        if contender.role == .headroom {
          ours = (before, after)
        } else if contender.role != .reference {
          logarithms.append(log(after.best / before.best))
          otherSpreads.append(before.spread + after.spread)
        }
      }
    }

    func change(everywhere: Double) -> Change? {
      guard let ours else { return nil }
      let disagreement = ((logarithms.max() ?? 0) - (logarithms.min() ?? 0)) / 2
      let others = otherSpreads.isEmpty ? 0 : otherSpreads.reduce(0, +) / Double(otherSpreads.count)
      let parts = [ours.before.spread, ours.after.spread, others, disagreement]
      let noise = parts.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return Change(
        name: name, before: ours.before.best, after: ours.after.best,
        machine: logarithms.isEmpty ? everywhere : Self.mean(logarithms), noise: max(0.02, noise))
    }

    /// The geometric mean.
    static func mean(_ logarithms: [Double]) -> Double {
      logarithms.isEmpty ? 1 : exp(logarithms.reduce(0, +) / Double(logarithms.count))
    }
  }

  var text: String {
    var lines = [pad("\nROW", 17) + "   BEFORE      NOW  MACHINE   CHANGE    NOISE"]
    for change in changes {
      let cells = [
        rounded(change.before), rounded(change.after), "× " + rounded(change.machine), "× " + rounded(change.ratio),
        "± \(Int((change.noise * 100).rounded())) %",
      ]
      let figures = cells.map { String(repeating: " ", count: max(1, 9 - $0.count)) + $0 }.joined()
      lines.append("\(pad(change.name, 16))\(figures)  \(change.verdict)")
    }
    if old.scale != new.scale {
      lines.append("The sizes differ: \(old.scale.rawValue) before, \(new.scale.rawValue) now.")
    }
    return lines.joined(separator: "\n")
  }
}
