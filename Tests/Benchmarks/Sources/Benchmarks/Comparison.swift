import Foundation

/// What changed since another run.
///
/// The machine may have changed too: what the other programs of a row took then and now says by how much, and that is
/// taken out. What is left is a change only where it is larger than the noise, which is how far the better half of the
/// samples spread in both runs.
struct Comparison {
  let old: RunRecord
  let new: RunRecord

  struct Change {
    var name: String
    var before: Double
    var after: Double
    /// Geometric mean of the others, now to then; 1 where there are none.
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
    new.rows.compactMap { row in
      guard let past = old.rows.first(where: { $0.name == row.name }) else { return nil }
      return Self.change(past, row)
    }
  }

  private static func change(_ past: RowRecord, _ row: RowRecord) -> Change? {
    var logarithms: [Double] = []
    var squares = 0.0
    var ours: (Series, Series)?
    for contender in row.contenders {
      guard let before = past.contenders.first(where: { $0.name == contender.name })?.series else { continue }
      let after = contender.series
      if contender.role == .headroom {
        ours = (before, after)
        squares += before.spread * before.spread + after.spread * after.spread
      } else if !contender.name.hasPrefix("headroom") {
        logarithms.append(log(after.best / before.best))
      }
    }
    guard let ours else { return nil }
    let machine = logarithms.isEmpty ? 1 : exp(logarithms.reduce(0, +) / Double(logarithms.count))
    // How far the others disagree about the machine is noise as well.
    if let least = logarithms.min(), let most = logarithms.max() { squares += (most - least) * (most - least) / 4 }
    return Change(
      name: row.name, before: ours.0.best, after: ours.1.best, machine: machine, noise: max(0.02, squares.squareRoot()))
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
