/// The one table that is printed.
struct Table {
  /// Ratios and memory only: on a machine that others use too, times say nothing.
  let ratiosOnly: Bool
  private let nameWidth = 38

  func heading() -> String {
    let times = ratiosOnly ? [] : ["BEST ms", "MEDIAN", "CPU ms"]
    return line("WHO", times + ["RSS MiB", "× HEADROOM", "× its CPU"])
  }

  func text(_ row: RowRecord) -> String {
    var lines = ["", "\(row.name): \(row.title)" + (row.agreement.isEmpty ? "" : " (\(row.agreement))")]
    if let obstacle = row.obstacle { lines.append("  not run: \(obstacle)") }
    if let failure = row.failure { lines.append("  FAILED: \(failure)") }
    let ours = row.contenders.first { $0.role == .headroom }?.series
    for contender in row.contenders {
      let series = contender.series
      let times = ratiosOnly ? [] : [rounded(series.best), rounded(series.median), rounded(series.cpu)]
      let memory = rounded(Double(series.peakMemory) / 1_048_576)
      let ratios = ours.map { [rounded(series.best / $0.best), rounded(series.cpu / $0.cpu)] } ?? ["-", "-"]
      lines.append(line("  " + contender.name, times + [memory] + ratios))
    }
    for target in row.targets {
      let result = target.met.map { $0 ? "met   " : "MISSED" } ?? "-     "
      lines.append("    \(result)  \(pad(target.text, 44))  \(target.value)")
    }
    return lines.joined(separator: "\n")
  }

  func summary(_ run: RunRecord) -> String {
    var words = "\n\(run.met) targets met, \(run.missed) missed, \(run.unjudged) not judged"
    if !run.leftOut.isEmpty { words += "; not run: \(run.leftOut.map(\.name).joined(separator: ", "))" }
    if !run.failed.isEmpty { words += "; FAILED: \(run.failed.map(\.name).joined(separator: ", "))" }
    return words
  }

  private func line(_ name: String, _ cells: [String]) -> String {
    pad(name, nameWidth) + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }
}

func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
