import SpaceModel
import SpaceReport
import Testing

@Suite struct FleetMergeTests {
  static let now = "2026-02-10T00:00:00Z"
  static let day: Int64 = 86_400

  /// A report of a node on which the system's upgrade ends so.
  static func node(
    _ name: String?, _ verdict: Verdict = .ok, at time: String = "2026-02-09T12:00:00Z",
    from source: FilePath = "a.json",
    headroom: ByteCount = .gibibytes(1), command: Report.Command = .audit, message: String = "It is so."
  ) -> FleetNode {
    var report = Samples.report([], node: name)
    report.generatedAt = time
    report.tool.command = command
    report.verdict = verdict
    if command != .verify {
      var projection = Projection(
        filesystemLabel: "COS_STATE", upgrade: "system", profile: "harvester", profileSource: "detected",
        model: "two-copy",
        outcome: verdict == .critical ? .silentCorruption : .fits, reason: "So it is.")
      projection.headroomBytes = headroom
      report.projections = [projection]
    }
    switch verdict {
    case .ok: break
    case .warning:
      report.findings = [
        Finding(.imageNotSparse, .warning, target: "COS_STATE:cOS/passive.img", message: message, remedy: "dig it")
      ]
    case .critical:
      report.findings = [
        Finding(.upgradeSpace, .critical, target: "COS_STATE", message: message, remedy: "first this\nthen that")
      ]
    case .unknown:
      report.findings = [Finding(.auditIncomplete, .warning, target: name ?? "this node", message: message)]
    }
    return FleetNode(report, source: source)
  }

  static func merged(
    _ outcomes: [FleetMerge.Outcome], expected: [String] = [], maxAge: Int64 = 7 * day
  ) throws -> FleetReport {
    var merge = FleetMerge()
    for outcome in outcomes { merge.add(outcome) }
    return merge.report(
      expected: expected, now: try #require(ReportTime.seconds(now)), maxAge: maxAge, generatedAt: now,
      tool: Report.Tool(name: "headroom", version: "1.2.3"))
  }

  static func merged(_ nodes: [FleetNode], expected: [String] = []) throws -> FleetReport {
    try merged(nodes.map { .report($0) }, expected: expected)
  }

  @Test("the worst node comes first, then the one with the least headroom, then by name, numbers as numbers")
  func order() throws {
    let report = try Self.merged([
      Self.node("n10"), Self.node("n9"), Self.node("w", .warning), Self.node("u", .unknown),
      Self.node("short", .critical, headroom: .mebibytes(-5)),
      Self.node("shorter", .critical, headroom: .mebibytes(-50)),
    ])
    #expect(report.nodes.map(\.name) == ["shorter", "short", "u", "w", "n9", "n10"])
    #expect(report.verdict == .critical)
    #expect(report.topShortfalls.map(\.name) == ["shorter", "short"])
    #expect(report.topShortfalls.first?.shortBytes == .mebibytes(50))
  }

  @Test("the newest report of a node counts, in whatever order they come") func newest() throws {
    let reports = [
      Self.node("a", .critical, at: "2026-02-07T00:00:00Z", from: "1"),
      Self.node("a", .ok, at: "2026-02-09T00:00:00Z", from: "2"),
      Self.node("a", .warning, at: "2026-02-08T00:00:00Z", from: "3"),
    ]
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]] {
      let report = try Self.merged(order.map { reports[$0] })
      #expect(report.nodes.map(\.source) == ["2"])
      #expect(report.verdict == .ok)
      #expect(report.counts.superseded == 2)
      #expect(report.nodes.first?.superseded == 2)
    }
  }

  @Test("of two reports of one time that differ the worse counts, and both are named; the same twice is one")
  func sameTime() throws {
    let good = Self.node("a", .ok, from: "good")
    let bad = Self.node("a", .critical, from: "bad")
    for pair in [[good, bad], [bad, good]] {
      let node = try #require(try Self.merged(pair).nodes.first)
      #expect(node.verdict == .critical)
      #expect(node.source == "bad")
      #expect(node.conflictsWith == "good")
    }
    let twice = try Self.merged([good, Self.node("a", .ok, from: "copy")])
    #expect(twice.nodes.first?.conflictsWith == nil)
    #expect(twice.counts.repeated == 1)
    #expect(twice.counts.conflicting == 0)
  }

  @Test("a report without a node's name is a node of its own, named by its file") func nameless() throws {
    let report = try Self.merged([Self.node(nil, from: "x.json"), Self.node(nil, from: "y.json"), Self.node("")])
    #expect(report.nodes.map(\.name) == ["a.json", "x.json", "y.json"])
    #expect(report.nodes.allSatisfy { $0.nodeName == nil })
  }

  @Test("what was good in an old report is unknown, what was bad stays so; a day ahead is clocks, more is not")
  func ages() throws {
    let rows: [(String, Verdict, Verdict, FleetNode.AgeDoubt?)] = [
      ("2026-02-03T00:00:00Z", .ok, .ok, nil),
      ("2026-02-02T23:59:59Z", .ok, .unknown, .old),
      ("2026-02-02T23:59:59Z", .warning, .unknown, .old),
      ("2026-01-01T00:00:00Z", .critical, .critical, .old),
      ("2026-02-10T23:00:00Z", .ok, .ok, nil),
      ("2026-02-12T00:00:00Z", .ok, .unknown, .ahead),
      ("yesterday", .ok, .unknown, .undated),
      ("2026-02-09T23:30:00+02:00", .ok, .ok, nil),
    ]
    for (time, reported, verdict, doubt) in rows {
      let node = try #require(try Self.merged([Self.node("a", reported, at: time)]).nodes.first)
      #expect(node.verdict == verdict, "\(time)")
      #expect(node.ageDoubt == doubt, "\(time)")
      #expect(node.reportedVerdict == (reported == verdict ? nil : reported), "\(time)")
    }
  }

  @Test("a node that is missing, a report that cannot be read and no report at all are unknown") func unknowns() throws
  {
    let missing = try Self.merged([Self.node("a")], expected: ["b", "a", "c"])
    #expect(missing.missing == ["b", "c"])
    #expect(missing.verdict == .unknown)
    #expect(missing.counts.nodes == 3)
    #expect(missing.counts.unknown == 2)
    let broken = FleetReport.Unreadable(source: "x", reason: "it ends early")
    #expect(try Self.merged([.report(Self.node("a")), .unreadable(broken)]).verdict == .unknown)
    #expect(try Self.merged([.report(Self.node("a", .critical)), .unreadable(broken)]).verdict == .critical)
    #expect(try Self.merged([FleetMerge.Outcome]()).verdict == .unknown)
    #expect(try Self.merged([.skipped]).verdict == .unknown)
    #expect(try Self.merged([.report(Self.node("a")), .skipped]).verdict == .ok)
    // A support bundle knows its nodes.
    let bundle = try Self.merged([.report(Self.node("a")), .node("a"), .node("b")])
    #expect(bundle.missing == ["b"])
  }

  @Test("a report of integrity alone takes no audit's place, but a later one that is worse decides") func integrity()
    throws
  {
    let audit = Self.node("a", .critical, at: "2026-02-08T00:00:00Z", from: "audit")
    let fine = Self.node("a", .ok, at: "2026-02-09T00:00:00Z", from: "verify", command: .verify)
    let kept = try #require(try Self.merged([audit, fine]).nodes.first)
    #expect(kept.verdict == .critical)
    #expect(kept.source == "audit")
    let damaged = Self.node("a", .critical, at: "2026-02-09T00:00:00Z", from: "verify", command: .verify)
    let roomy = Self.node("a", .ok, at: "2026-02-08T00:00:00Z", from: "audit")
    let node = try #require(try Self.merged([damaged, roomy]).nodes.first)
    #expect(node.verdict == .critical)
    #expect(node.integritySource == "verify")
    #expect(node.headroomBytes == .gibibytes(1))
    let alone = try Self.merged([fine])
    #expect(
      alone.summary
        == "Nothing that counts stands against an upgrade, but that it fits was not shown on the only node: a.")
  }

  @Test("the space that is short decides among findings that are as bad, and what is ignored decides nothing")
  func deciding() throws {
    var report = Samples.report([], node: "a")
    report.verdict = .critical
    report.findings = [
      Finding(.imageLostWrites, .critical, target: "COS_STATE:cOS/passive.img", message: "Damaged."),
      Finding(.upgradeSpace, .critical, target: "COS_STATE", message: "Short."),
    ]
    var node = FleetNode(report, source: "a")
    #expect(node.finding?.id == .upgradeSpace)
    #expect(node.otherFindings == 1)
    node = FleetNode(report.ignoring([.upgradeSpace]), source: "a")
    #expect(node.finding?.id == .imageLostWrites)
    node = FleetNode(report.incomplete(because: "It took too long."), source: "a")
    #expect(node.verdict == .unknown)
    #expect(node.finding?.id == .auditIncomplete)
    #expect(node.incomplete == true)
  }

  @Test("the first sentence is the answer for the cluster") func answers() throws {
    let rows: [([FleetNode], String)] = [
      ([Self.node("a"), Self.node("b")], "An upgrade fits on all 2 nodes."),
      ([Self.node("a")], "An upgrade fits on the only node."),
      ([Self.node("a", .warning), Self.node("b")], "1 of 2 nodes has a warning: a; an upgrade fits on all 2 nodes."),
      ([Self.node("a", .unknown), Self.node("b")], "It cannot be said of 1 of 2 nodes whether an upgrade is safe: a."),
      ([Self.node("a", .critical), Self.node("b")], "1 of 2 nodes would not survive an upgrade now: a."),
      (
        [Self.node("a", .critical), Self.node("b", .unknown)],
        "1 of 2 nodes would not survive an upgrade now: a. Of 1 more node that cannot be said."
      ),
      (
        [Self.node("a", .critical), Self.node("b", .critical, command: .verify)],
        "2 of 2 nodes must not be upgraded now (1 would not survive it): a, b."
      ),
      ([], "No node's report was found, so nothing can be said of an upgrade."),
      (
        (1...7).map { Self.node("n\($0)", .critical) },
        "7 of 7 nodes would not survive an upgrade now: n1, n2, n3, n4, n5 and 2 more."
      ),
    ]
    for (nodes, answer) in rows { #expect(try Self.merged(nodes).summary == answer) }
    // It is bad news, too, that something could not be read.
    let broken = FleetMerge.Outcome.unreadable(.init(source: "x", reason: "it ends early"))
    #expect(
      try Self.merged([.report(Self.node("a")), .report(Self.node("b")), broken]).summary
        == "1 report could not be read. By the others, an upgrade fits on all 2 nodes.")
    #expect(
      try Self.merged([.report(Self.node("a", .critical)), broken, broken]).summary
        == "The only node would not survive an upgrade now: a. 2 reports could not be read.")
  }
}
