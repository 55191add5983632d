import Foundation

/// What a row must reach.
struct Target: Sendable {
  /// As the table shows it: "≤ 1.3 × FIEMAP floor".
  let text: String
  let judge: @Sendable (Outcome) -> Judgement

  struct Judgement {
    /// What was measured, in the words of the target.
    var value: String
    /// Nil where it could not be judged; `value` says why.
    var met: Bool?
  }
}

/// What the contenders of a row took.
struct Outcome {
  var series: [String: Series] = [:]
  /// What `after` said of each contender's last sample.
  var figures: [String: Int] = [:]
  var headroom: String = ""
  var absent: [String: String] = [:]

  var ours: Series { series[headroom] ?? Series() }
}

extension Target {
  /// Headroom takes at most `factor` times as long, and `milliseconds` more.
  static func atMost(_ factor: Double, times other: String, plus milliseconds: Double = 0) -> Target {
    let extra = milliseconds > 0 ? " + \(plain(milliseconds)) ms" : ""
    return against(other, "≤ \(plain(factor)) × \(other)\(extra)") { ours, theirs in
      let ratio = rounded(ours.best / theirs.best) + " ×"
      guard milliseconds > 0 else { return Judgement(value: ratio, met: ours.best <= theirs.best * factor) }
      return Judgement(
        value: "\(rounded(ours.best)) ms, \(ratio)", met: ours.best <= theirs.best * factor + milliseconds)
    }
  }

  /// Headroom is `factor` times as fast or faster; 1 means just faster.
  static func faster(_ factor: Double, than other: String) -> Target {
    let text = factor == 1 ? "faster than \(other)" : "≥ \(plain(factor)) × faster than \(other)"
    return against(other, text) { ours, theirs in
      let ratio = theirs.best / ours.best
      return Judgement(value: rounded(ratio) + " × as fast", met: factor == 1 ? ratio > 1 : ratio >= factor)
    }
  }

  /// Headroom is `factor` times as fast as the fastest of these.
  static func faster(_ factor: Double, thanFastestOf others: [String]) -> Target {
    Target(text: "≥ \(plain(factor)) × as fast as the fastest peer") { outcome in
      let present = others.compactMap { name in outcome.series[name].map { (name, $0.best) } }
      guard let fastest = present.min(by: { $0.1 < $1.1 }) else {
        return Judgement(value: "no peer ran", met: nil)
      }
      let ratio = fastest.1 / outcome.ours.best
      return Judgement(value: rounded(ratio) + " × as fast as \(fastest.0)", met: ratio >= factor)
    }
  }

  static func wall(under milliseconds: Double) -> Target {
    Target(text: "≤ \(plain(milliseconds)) ms") { outcome in
      Judgement(value: rounded(outcome.ours.best) + " ms", met: outcome.ours.best <= milliseconds)
    }
  }

  static func memory(under mebibytes: Int) -> Target {
    Target(text: "RSS ≤ \(mebibytes) MiB") { outcome in
      let bytes = outcome.ours.peakMemory
      return Judgement(value: rounded(Double(bytes) / 1_048_576) + " MiB", met: bytes <= mebibytes << 20)
    }
  }

  /// Ten times the work takes at most eleven times the time, and at most `bytesEach` bytes more for each item more.
  static func growth(from less: String, to more: String, items: Int, bytesEach: Int) -> [Target] {
    [
      against(less, "10 × as many: time ≤ 11 ×") { ours, theirs in
        let ratio = ours.best / theirs.best
        return Judgement(value: rounded(ratio) + " ×", met: ratio <= 11)
      },
      against(less, bytesEach == 0 ? "RSS flat" : "RSS ≤ \(bytesEach) bytes each more") { ours, theirs in
        let growth = ours.peakMemory - theirs.peakMemory
        // Allocators and the kernel's page batches make a difference of some hundred KiB between runs alike.
        let slack = 1 << 20
        return Judgement(
          value: rounded(Double(growth) / 1_048_576) + " MiB more", met: growth <= items * bytesEach + slack)
      },
    ]
  }

  /// Headroom leaves no more allocated than any other contender that left a figure.
  static let neverMoreAllocated = Target(text: "never more allocated") { outcome in
    guard let ours = outcome.figures[outcome.headroom],
      let least = outcome.figures.filter({ $0.key != outcome.headroom }).min(by: { $0.value < $1.value })
    else { return Judgement(value: "no figure", met: nil) }
    return Judgement(value: "\(ours) against \(least.value) by \(least.key)", met: ours <= least.value)
  }

  /// All contenders left the same allocated: none took a short cut.
  static let sameAllocation = Target(text: "the same allocation at the end") { outcome in
    let figures = Set(outcome.figures.values).sorted()
    guard let least = figures.first, let most = figures.last else { return Judgement(value: "no figure", met: nil) }
    return Judgement(value: least == most ? "\(least)" : "\(least) to \(most)", met: least == most)
  }

  private static func against(
    _ other: String, _ text: String, _ judge: @escaping @Sendable (Series, Series) -> Judgement
  ) -> Target {
    Target(text: text) { outcome in
      guard let theirs = outcome.series[other] else {
        return Judgement(value: outcome.absent[other] ?? "\(other) did not run", met: nil)
      }
      return judge(outcome.ours, theirs)
    }
  }
}

/// Three significant digits or so.
func rounded(_ value: Double) -> String {
  guard value.isFinite else { return "-" }
  return String(format: "%.\(abs(value) < 10 ? 2 : abs(value) < 1000 ? 1 : 0)f", value)
}

func plain(_ value: Double) -> String {
  value == value.rounded() ? String(Int(value)) : String(value)
}
