/// The run as the table of docs/performance.md.
struct Markdown {
  let run: RunRecord

  var text: String {
    let memory = run.machine.memoryBytes >> 30
    let machine = "\(run.machine.processors) processors, \(memory) GiB, kernel \(run.machine.kernel)"
    var lines = [
      "Headroom \(run.headroomVersion), \(run.scale.rawValue) sizes; \(machine); \(run.madeAt.prefix(10)).", "",
      "| row | who | best ms | median | CPU ms | RSS MiB |", "|---|---|---|---|---|---|",
    ]
    for row in run.rows {
      for (index, contender) in row.contenders.enumerated() {
        let series = contender.series
        let figures = [series.best, series.median, series.cpu, Double(series.peakMemory) / 1_048_576].map(rounded)
        lines.append(cells([index == 0 ? "`\(row.name)`" : "", contender.name] + figures))
      }
    }
    lines += ["", "| row | target | measured | |", "|---|---|---|---|"]
    for row in run.rows {
      if let reason = row.obstacle ?? row.failure { lines.append(cells(["`\(row.name)`", "", reason, "not run"])) }
      for (index, target) in row.targets.enumerated() {
        let result = target.met.map { $0 ? "met" : "**missed**" } ?? "not judged"
        lines.append(cells([index == 0 ? "`\(row.name)`" : "", target.text, target.value, result]))
      }
    }
    return lines.joined(separator: "\n")
  }

  private func cells(_ words: [String]) -> String { "| " + words.joined(separator: " | ") + " |" }
}
