import SpaceModel
import SpaceReport
import Testing

@Suite struct FleetTextTests {
  private typealias Sample = FleetMergeTests

  private static func cluster() throws -> FleetReport {
    try Sample.merged(
      [
        .report(Sample.node("harvester-1", .critical, headroom: .mebibytes(-795), message: "It is 795 MiB short.")),
        .report(Sample.node("harvester-2", .warning, message: "It is written out in full.")),
        .report(Sample.node("harvester-3")),
        .report(Sample.node("harvester-4", at: "2026-01-30T00:00:00Z")),
        .unreadable(
          .init(source: "reports/harvester-5.json", reason: "line 7, column 1: the text ends inside an object")),
        .skipped,
      ], expected: ["harvester-1", "harvester-6"])
  }

  @Test("answer, counts, table and what to do") func whole() throws {
    let text = FleetText(try Self.cluster(), style: Samples.plain).render()
    #expect(
      text == """
        1 of 5 nodes would not survive an upgrade now: harvester-1. Of 2 more nodes that
          cannot be said. 1 report could not be read.
        5 nodes: 1 critical, 2 unknown, 1 warning, 1 ok; 1 without a report, 1 not up to
          date.

        NODE         VERDICT   RUNS  HEADROOM  RECLAIMABLE  WHY
        harvester-1  critical  -     -795 MiB            -  upgrade-space COS_STATE
        harvester-4  unknown   -     1.00 GiB            -  old report, was ok
        harvester-2  warning   -     1.00 GiB            -  image-not-sparse COS_STATE:…
        harvester-3  ok        -     1.00 GiB            -

        No report of harvester-6.
          Do: run 'headroom audit --json' there, and give the file too.

        Could not be read:
          - reports/harvester-5.json: line 7, column 1: the text ends inside an object

        harvester-1 critical upgrade-space COS_STATE
          It is 795 MiB short.
          Do: first this
              then that

        harvester-4 unknown
          The report is 11 days old.
          Do: run 'headroom audit --json' on it again.

        harvester-2 warning image-not-sparse COS_STATE:cOS/passive.img
          It is written out in full.
          Do: dig it

        Left out: 1 document that is no report.

        """)
  }

  @Test("no line is wider than the terminal, except commands", arguments: [80, 120, 200]) func widths(width: Int) throws
  {
    let nodes = (0..<30).map { number in
      Sample.node(
        "a-rather-long-node-name-\(number).cluster.example.com", .critical, headroom: .mebibytes(Int64(-number)),
        message: String(repeating: "The image does not fit. ", count: 20))
    }
    for unicode in [true, false] {
      let text = FleetText(try Sample.merged(nodes), style: TextStyle(width: width, unicode: unicode)).render()
      for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
      if !unicode { #expect(text.utf8.allSatisfy { $0 < 0x80 }) }
      #expect(text.contains("-25.cluster.example.com and 25 more critical") || width == 80)
      #expect((width == 200) == text.contains("a-rather-long-node-name-29.cluster.example.com  critical"))
      #expect((width >= 120) == text.contains("upgrade-space COS_STATE: The"))
    }
  }

  @Test("what is the same on many nodes is said once, with each one's figures or without") func groups() throws {
    let short = (1...7).map { number in
      Sample.node("s\(number)", .critical, headroom: .mebibytes(Int64(-100 + number)), message: "\(number) MiB short.")
    }
    let old = (1...2).map { Sample.node("o\($0)", at: "2026-01-2\($0)T00:00:00Z") }
    let warned = (1...3).map { Sample.node("w\($0)", .warning) }
    let text = FleetText(try Sample.merged(short + old + warned), style: Samples.plain).render()
    #expect(
      text.hasSuffix(
        """
        s1, s2, s3, s4, s5 and 2 more critical upgrade-space COS_STATE
          s1: 1 MiB short.
          s2: 2 MiB short.
          s3: 3 MiB short.
          s4: 4 MiB short.
          s5: 5 MiB short.
          And 2 more: --json has them all.
          Do: first this
              then that

        o1, o2 unknown
          The reports are 19 days to 20 days old.
          Do: run 'headroom audit --json' on each again.

        w1, w2, w3 warning image-not-sparse COS_STATE:cOS/passive.img
          It is so.
          Do: dig it

        """), "\(text)")
    let other = (0..<30).map { number in
      var node = Sample.node("n\(number)", .critical)
      node.finding?.remedy = "do \(number)"
      return node
    }
    #expect(FleetText(try Sample.merged(other), style: Samples.plain).render().contains("What to do on 10 more: "))
    let missing = try Sample.merged([Sample.node("a")], expected: (1...9).map { "m\($0)" })
    let lines = FleetText(missing, style: Samples.plain).render()
    #expect(lines.contains("No report of m1, m2, m3, m4, m5 and 4 more."))
  }

  @Test("a name that is made to fool a terminal does not") func hostileNames() throws {
    let name = "n\u{1B}[2J\n1 ok\u{202E}"
    let nodes = [
      Sample.node(name, .critical, from: FilePath(bytes: [0xFF, 0x0A, 0x1B]), message: "a\u{1B}]0;x\u{7}\nb"),
      Sample.node(nil, .critical, from: FilePath(bytes: [0xFF, 0x0A, 0x1B])),
    ]
    for style in [Samples.plain, Samples.wide, Samples.ascii] {
      let report = try Sample.merged(nodes, expected: ["m\u{1B}c"])
      let text = FleetText(report, style: style).render()
      #expect(
        !text.unicodeScalars.contains { $0.value != 0x0A && ($0.value < 0x20 || (0x7F..<0xA0).contains($0.value)) })
      #expect(!text.unicodeScalars.contains("\u{202E}"))
      #expect(!text.split(separator: "\n").contains { $0.hasPrefix("1 ok") })
    }
  }

  @Test("JSON holds no null and no empty text, and reads back the same") func json() throws {
    let nodes = [Sample.node("", .critical, at: "", message: ""), Sample.node("b")]
    let report = try Sample.merged(nodes, expected: ["c"])
    let bytes = try ReportEncoder.encode(report)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(!text.contains("null"))
    #expect(!text.contains("\"\""))
    #expect(try JSONValue(parsing: bytes).decode(FleetReport.self) == report)
  }

  @Test("colours add nothing but colour") func colour() throws {
    let plain = FleetText(try Self.cluster(), style: Samples.plain).render()
    let coloured = FleetText(try Self.cluster(), style: TextStyle(width: 80, color: true)).render()
    #expect(coloured != plain)
    let words = coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "").split(whereSeparator: \.isWhitespace)
    #expect(words == plain.split(whereSeparator: \.isWhitespace))
  }
}
