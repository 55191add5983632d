import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The reports of many nodes, made of one that was really measured.
@Suite struct FleetTests {
  static let clock = ["SOURCE_DATE_EPOCH": "1770681600"]  // 2026-02-10T00:00:00Z

  /// A report of the demo disk, whose upgrade does not fit.
  static func measured(in scratch: ScratchDirectory) throws -> Report {
    try Headroom.audit("--disk", try Products.nodeDisk(in: scratch), "--margin", "8M")
  }

  static func report(
    _ report: Report, of name: String?, at time: String = "2026-02-09T12:00:00Z", ok: Bool = false
  ) -> Report {
    var node = report
    node.host.nodeName = name
    node.generatedAt = time
    if ok {
      node.findings.removeAll { $0.severity > .info }
      node.verdict = .ok
      for index in node.projections.indices {
        node.projections[index].outcome = .fits
        node.projections[index].headroomBytes = .gibibytes(1)
      }
    }
    return node
  }

  static func write(_ report: Report, to path: String) throws {
    try Data(ReportEncoder.encode(report)).write(to: URL(filePath: path))
  }

  static func fleet(_ arguments: [String]) throws -> (report: FleetReport, status: Int32) {
    let result = try Headroom.run(arguments: ["fleet", "--json"] + arguments, environment: clock)
    do {
      return (try JSONValue(parsing: result.output).decode(FleetReport.self), result.status)
    } catch {
      throw Unexpected("\(error): \(result)")
    }
  }

  @Test("a thousand reports, some old, some broken, two of one node: right, and under a second in a release build")
  func thousand() throws {
    let scratch = try ScratchDirectory()
    let measured = try Self.measured(in: scratch)
    let directory = scratch.file("reports")
    for rack in 0..<10 {
      try FileManager.default.createDirectory(atPath: "\(directory)/rack-\(rack)", withIntermediateDirectories: true)
    }
    // 5 are short of space, 985 are ok; 10 of those that are ok are too old, and 10 more break off.
    let fits = String(
      decoding: try ReportEncoder.encode(Self.report(measured, of: "NODE", at: "TIME", ok: true)), as: UTF8.self)
    for number in 0..<1000 {
      let path = "\(directory)/rack-\(number % 10)/node-\(number).json"
      if number < 5 {
        var report = Self.report(measured, of: "node-\(number)")
        for index in report.projections.indices where report.projections[index].upgrade == "system" {
          report.projections[index].headroomBytes = .mebibytes(Int64(-number - 1))
        }
        try Self.write(report, to: path)
        continue
      }
      let time = (100..<110).contains(number) ? "2026-01-15T00:00:00Z" : "2026-02-09T12:00:00Z"
      let text = fits.replacing("\"NODE\"", with: "\"node-\(number)\"").replacing("\"TIME\"", with: "\"\(time)\"")
      let whole = Data(text.utf8)
      try ((200..<210).contains(number) ? whole.prefix(3000 + number) : whole).write(to: URL(filePath: path))
    }
    // An older, worse one does not count.
    try Self.write(
      Self.report(measured, of: "node-500", at: "2026-02-08T00:00:00Z"), to: "\(directory)/rack-0/older.json")
    let expected = scratch.file("expected")
    try (0..<1001).map { "node/node-\($0)\n" }.joined().write(toFile: expected, atomically: true, encoding: .utf8)

    let start = ContinuousClock.now
    let (fleet, status) = try Self.fleet([directory, "--expect", expected])
    let seconds = start.duration(to: .now) / .seconds(1)
    print("fleet: 1,001 reports in \(seconds) s")
    #expect(status == 2)
    #expect(fleet.verdict == .critical)
    #expect(fleet.nodes.count == 990)
    #expect(fleet.nodes.prefix(5).map(\.name) == ["node-4", "node-3", "node-2", "node-1", "node-0"])
    #expect(fleet.nodes[5..<15].map(\.name) == (100..<110).map { "node-\($0)" })
    #expect(fleet.nodes[5..<15].allSatisfy { $0.ageDoubt == .old && $0.verdict == .unknown })
    #expect(fleet.missing == (200..<210).map { "node-\($0)" } + ["node-1000"])
    #expect(Set(fleet.unreadable.map { $0.source.lastComponent.display }) == Set((200..<210).map { "node-\($0).json" }))
    #expect(fleet.unreadable.allSatisfy { $0.reason.contains("ends") })
    var wanted = FleetReport.Counts()
    (wanted.nodes, wanted.ok, wanted.critical, wanted.unknown) = (1001, 975, 5, 21)
    (wanted.missing, wanted.old, wanted.reports, wanted.superseded, wanted.unreadable) = (11, 10, 991, 1, 10)
    #expect(fleet.counts == wanted)
    #expect(fleet.topShortfalls.first?.name == "node-4")

    let text = try Headroom.run("fleet", directory, environment: Self.clock.merging(["COLUMNS": "80"]) { $1 })
    #expect(text.text.hasPrefix("5 of 990 nodes would not survive an upgrade now: node-4, node-3, node-2, node-1,\n"))
    #expect(text.status == 2)
    // Debug builds, and machines that build and test at the same time, take longer.
    #expect(seconds < 60)
  }

  @Test("the worst verdict is the exit code") func exitCodes() throws {
    let scratch = try ScratchDirectory()
    let measured = try Self.measured(in: scratch)
    let (good, bad) = (scratch.file("good.json"), scratch.file("bad.json"))
    try Self.write(Self.report(measured, of: "good", ok: true), to: good)
    try Self.write(Self.report(measured, of: "bad"), to: bad)
    let nodes = scratch.file("nodes")
    try "good\nother\n".write(toFile: nodes, atomically: true, encoding: .utf8)
    let rows: [([String], Int32)] = [
      ([good], 0), ([good, bad], 2), ([good, "--expect", nodes], 3), ([good, "/no/such/file"], 3),
      ([bad, "/no/such/file"], 2), ([good, "--max-age", "1h"], 3), ([good, "--max-age", "13h"], 0),
      ([scratch.file("empty.json")], 3),
    ]
    try Data().write(to: URL(filePath: scratch.file("empty.json")))
    for (arguments, status) in rows {
      for format in [["--json"], []] {
        let result = try Headroom.run(arguments: ["fleet"] + arguments + format, environment: Self.clock)
        #expect(result.status == status, "\(arguments): \(result)")
        #expect(result.errors.isEmpty)
      }
    }
    for words in [["--max-age", "soon", good], [], ["-", "-"], [""], ["--expect", "", good]] {
      #expect(try Headroom.run(arguments: ["fleet"] + words).status == 64, "\(words)")
    }
    let empty = scratch.file("nobody")
    try "# none yet\n\n".write(toFile: empty, atomically: true, encoding: .utf8)
    for list in ["/no/such/file", empty, "/dev/null"] {
      #expect(try Headroom.run("fleet", good, "--expect", list).status == 3)
    }
    #expect(try Headroom.run("fleet", good, "--expect", empty).errors.contains("there is no name in it"))
  }

  @Test("what a shell hands over as a pipe is read, wherever a file is named", .needsTool("bash")) func pipes() throws {
    let scratch = try ScratchDirectory()
    let measured = try Self.measured(in: scratch)
    let good = scratch.file("good.json")
    try Self.write(Self.report(measured, of: "good", ok: true), to: good)
    let fifo = scratch.file("fifo")
    mkfifo(fifo, 0o600)
    for script in [
      "\"$1\" fleet <(cat \"$2\") --expect <(echo node/good)", "cat \"$2\" | \"$1\" fleet /dev/stdin",
      "cat \"$2\" > \"$3\" & \"$1\" fleet \"$3\"", "\"$1\" render <(cat \"$2\")",
      "cat \"$2\" | \"$1\" render /dev/stdin --json", "echo good | \"$1\" fleet \"$2\" --expect /dev/stdin",
    ] {
      let result = try Command.run(
        "bash", arguments: ["-c", script, "bash", try Products.headroom(), good, fifo],
        environment: Headroom.environment.merging(Self.clock) { $1 })
      #expect(result.status == 0, "\(script): \(result)")
      #expect(result.errors.isEmpty, "\(script): \(result)")
    }
  }

  @Test("a pod's log has the time in front of each line, and reports that break off spoil none behind them")
  func podLogs() throws {
    let scratch = try ScratchDirectory()
    let measured = try Self.measured(in: scratch)
    let log = scratch.file("pod.log")
    var lines = "level=info msg=starting\n"
    let cut = try NDJSONReport(Self.report(measured, of: "cut", ok: true)).render()
    lines += String(decoding: cut.prefix(cut.count - 100), as: UTF8.self) + "\n"
    lines += String(
      decoding: try NDJSONReport(Self.report(measured, of: "stream", ok: true)).render(), as: UTF8.self)
    lines += String(
      decoding: try ReportEncoder.encode(Self.report(measured, of: "indented", ok: true)), as: UTF8.self)
    try lines.split(separator: "\n").map { "2026-02-09T12:00:00.123456789Z \($0)\n" }.joined()
      .write(toFile: log, atomically: true, encoding: .utf8)
    let (fleet, status) = try Self.fleet([log])
    #expect(status == 3)
    #expect(fleet.nodes.map(\.name) == ["indented", "stream"])
    #expect(fleet.unreadable.map(\.source.lastComponent) == ["pod.log#1"])
  }

  @Test("in a directory, other documents are skipped with a count; a newer major version is named, not fatal")
  func otherDocuments() throws {
    let scratch = try ScratchDirectory()
    let measured = try Self.measured(in: scratch)
    let directory = scratch.file("reports")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    func put(_ text: String, _ name: String) throws {
      try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
    }
    try Self.write(Self.report(measured, of: "a", ok: true), to: "\(directory)/a.json")
    let text = String(decoding: try ReportEncoder.encode(Self.report(measured, of: "b", ok: true)), as: UTF8.self)
    try put(text.replacing("\"schema_version\": \"1.0\"", with: "\"schema_version\": \"1.7\", \"new\": {}"), "b.json")
    try put(text.replacing("\"schema_version\": \"1.0\"", with: "\"schema_version\": \"2.0\""), "c.json")
    try put(#"{"payload_card": "1.0", "payload": {"census": {}}}"#, "card.json")
    try put(#"[{"map_source": "fiemap", "apparent_bytes": 1}]"#, "map.json")
    try put(#"{"name": "somebody's"}"#, "package.json")
    try put("hello", "README.md")
    try put("nothing", "some.log")
    try put("starting\n" + text.replacing("\"b\"", with: "\"logged\"") + "done\n", "pod.log")
    try FileManager.default.createSymbolicLink(atPath: "\(directory)/latest.json", withDestinationPath: "a.json")
    try FileManager.default.createSymbolicLink(atPath: "\(directory)/loop", withDestinationPath: ".")
    mkfifo("\(directory)/pipe.json", 0o600)

    let (fleet, status) = try Self.fleet([directory, "\(directory)/a.json"])
    #expect(status == 3)
    #expect(fleet.nodes.map(\.name) == ["a", "b", "logged"])
    #expect(fleet.counts.skipped == 3)
    #expect(fleet.counts.repeated == 0)
    #expect(fleet.unreadable.map { $0.source.lastComponent } == ["c.json"])
    #expect(fleet.unreadable.first?.reason == "its schema version is 2.0, and this headroom reads 1.x")
    // What is named was taken for a report.
    let named = try Self.fleet(["\(directory)/a.json", "\(directory)/card.json"])
    #expect(named.report.unreadable.map(\.reason) == ["it is a payload card"])
    // What this command wrote is no node's report, wherever it lies.
    let saved = "\(directory)/fleet.json"
    _ = try Headroom.run("fleet", directory, "--json", "--output-file", saved, environment: Self.clock)
    #expect(try Self.fleet([directory]).report.counts.skipped == 4)
  }

  @Test("reports come one after the other on standard input, as a loop over nodes sends them") func standardInput()
    throws
  {
    let scratch = try ScratchDirectory()
    let measured = try Self.measured(in: scratch)
    let stream = scratch.file("stream")
    var bytes: [UInt8] = Array("Warning: Permanently added 'a' to the list of known hosts.\n".utf8)
    bytes += try ReportEncoder.encode(Self.report(measured, of: "a", ok: true))
    bytes += try ReportEncoder.encode(Self.report(measured, of: "broken")).prefix(5000)
    bytes += Array("\n".utf8) + (try ReportEncoder.encode(Self.report(measured, of: "b", ok: true), indented: false))
    bytes += try ReportEncoder.encode(Self.report(measured, of: nil, ok: true))
    try Data(bytes).write(to: URL(filePath: stream))
    let script = "exec \"$1\" fleet - --json < \"$2\""
    let result = try Command.run(
      "/bin/sh", arguments: ["-c", script, "sh", try Products.headroom(), stream],
      environment: Headroom.environment.merging(Self.clock) { $1 })
    let fleet = try JSONValue(parsing: result.output).decode(FleetReport.self)
    #expect(fleet.nodes.map(\.name) == ["-#4", "a", "b"])
    #expect(fleet.unreadable.map(\.source) == ["-#2"])
    #expect(result.status == 3)
  }
}
