import Foundation

/// Runs a row's contenders one after the other, again and again.
struct Runner {
  let bench: Bench
  let rounds: Int

  func run(_ row: Row) -> RowRecord {
    var record = RowRecord(name: row.name, title: row.title)
    if let absence = row.needs.lazy.compactMap(\.absence).first {
      record.obstacle = absence
      return record
    }
    let missing = row.tools.filter { Command.find($0) == nil }
    guard missing.isEmpty else {
      record.failure = "not here: \(missing.joined(separator: ", "))"
      return record
    }
    do {
      let trial = try row.prepare(bench)
      defer { trial.finish() }
      record.agreement = try trial.agreement()
      let outcome = try measure(trial, row)
      record.contenders = trial.contenders.compactMap { contender in
        outcome.series[contender.name].map {
          .init(name: contender.name, role: contender.role, series: $0, figure: outcome.figures[contender.name])
        }
      }
      record.targets = trial.targets.map { target in
        let judgement = target.judge(outcome)
        return .init(text: target.text, value: judgement.value, met: judgement.met)
      }
    } catch {
      record.failure = "\(error)"
    }
    return record
  }

  private func measure(_ trial: Trial, _ row: Row) throws -> Outcome {
    var outcome = Outcome(absent: trial.absent)
    outcome.headroom = trial.contenders.first { $0.role == .headroom }?.name ?? ""
    if isatty(STDERR_FILENO) == 1 { note("\(row.name): \(trial.contenders.map(\.name).joined(separator: ", "))") }
    // The first round warms up and does not count. Each begins with another contender: none is always the one that
    // comes after the slowest.
    for round in 0...rounds {
      for turn in trial.contenders.indices {
        let contender = trial.contenders[(turn + round) % trial.contenders.count]
        try contender.before()
        let sample = try bench.stopwatch.time(contender.commands, statuses: contender.statuses)
        if let figure = try contender.after() { outcome.figures[contender.name] = figure }
        if round > 0 { outcome.series[contender.name, default: Series()].samples.append(sample) }
      }
    }
    return outcome
  }
}
