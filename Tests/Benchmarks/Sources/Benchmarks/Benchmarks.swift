import Foundation

/// Makes the workloads, runs the rows, prints the table. Tests/Benchmarks/run calls it.
@main enum Benchmarks {
  static func main() {
    do {
      let options = try Options(
        Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
      exit(try run(options))
    } catch {
      note("benchmarks: \(error)")
      exit(64)
    }
  }

  private static func run(_ options: Options) throws -> Int32 {
    let scale = Scale(options.scale)
    let all =
      MapRows.rows + ScanRows.rows(scale) + NodeRows.rows + ManyRows.rows + WriteRows.rows + GrowthRows.rows
      + StartRows.rows
    if options.list {
      for row in all { show(pad(row.name, 16) + row.title) }
      return 0
    }
    for name in options.only where !all.contains(where: { $0.name == name }) {
      throw Failure("no row is called '\(name)'; see --list")
    }
    let old = try options.compare.map(RunRecord.read)
    let workplace = try Workplace(scratch: options.scratch, scale: scale.name, repository: options.repository)
    let watch = Stopwatch(executable: "\(options.floors)/stopwatch", errors: workplace.temporary("errors"))
    let bench = Bench(
      scale: scale, workplace: workplace, stopwatch: watch, headroom: options.headroom, floors: options.floors)
    let table = Table(ratiosOnly: options.quick)
    let runner = Runner(bench: bench, rounds: options.rounds ?? scale.rounds)
    var record = try RunRecord(bench: bench)
    show(table.heading())
    for row in all where options.only.isEmpty || options.only.contains(row.name) {
      let result = runner.run(row)
      record.rows.append(result)
      // After each row: a run that is broken off has measured something, too.
      if let path = options.json { try record.write(to: path) }
      show(table.text(result))
    }
    show(table.summary(record))
    if let old { show(Comparison(old: old, new: record).text) }
    if let path = options.markdown {
      try Data((Markdown(run: record).text + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
    }
    guard record.failed.isEmpty else { return 2 }
    return options.quick || record.missed == 0 ? 0 : 1
  }

  /// At once, also into a pipe: a whole run takes a while.
  private static func show(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
  }
}
