import SpaceModel
import SpaceReport
import TestSupport
import Testing

@Suite struct FleetPartsTests {
  @Test("times are seconds since 1970, by date(1)", .needsTool("date")) func times() throws {
    var texts = ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-11-24T12:30:01+05:30", "1969-12-31T00:00:00Z"]
    var random = Seed.current
    for _ in 0..<20 {
      func two(_ range: ClosedRange<Int>) -> String {
        let number = Int.random(in: range, using: &random)
        return (number < 10 ? "0" : "") + String(number)
      }
      let year = Int.random(in: 1900...2399, using: &random)
      texts.append("\(year)-\(two(1...12))-\(two(1...28))T\(two(0...23)):\(two(0...59)):\(two(0...59))Z")
    }
    for text in texts {
      let seconds = try Command.check("date", "-u", "-d", text, "+%s").text
      #expect("\(ReportTime.seconds(text) ?? -1)\n" == seconds, "\(text)")
    }
    for text in ["", "now", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00Zx"] {
      #expect(ReportTime.seconds(text) == nil, "\(text)")
    }
    #expect(ReportTime.seconds("2026-01-01T00:00:00.999Z") == ReportTime.seconds("2026-01-01T00:00:00Z"))
  }

  @Test("ages are hours, days and weeks") func ages() {
    #expect(FleetAge.seconds("7d") == 604_800)
    #expect(FleetAge.seconds("2w") == 1_209_600)
    #expect(FleetAge.seconds("36h") == 129_600)
    #expect(FleetAge.seconds("90") == 90)
    for text in ["", "d", "0d", "-1d", "1.5d", "7days", "99999999999999999999d", "40000d"] {
      #expect(FleetAge.seconds(text) == nil, "\(text)")
    }
  }

  @Test("a list of nodes has a name a line, as kubectl gives it or as a person writes it") func names() {
    let text = "# the rack\nnode-1\n\n  node-2\t# new\r\nnode/node-3\nnode-1\nnode/\nn \u{1B}\n"
    #expect(NodeList.names(Array(text.utf8)) == ["node-1", "node-2", "node-3", "n"])
  }

  @Test("documents one after the other are told apart, also where one breaks off") func pieces() {
    let rows: [(String, [String])] = [
      ("{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}\n", ["{\n  \"a\": 1\n}", "{\n  \"b\": 2\n}"]),
      ("{\"a\":1}\n{\"b\":2}", ["{\"a\":1}", "{\"b\":2}"]),
      ("Warning: host key\n{\n  \"a\": 1\n}\nbye\n", ["{\n  \"a\": 1\n}"]),
      ("{\n  \"a\": {\n{\n  \"b\": 2\n}\n", ["{\n  \"a\": {", "{\n  \"b\": 2\n}"]),
      (
        "{\"type\":\"progress\"}\n{\"type\":\"summary\"}\n{\"type\":\"summary\"}\n",
        [
          "{\"type\":\"progress\"}\n{\"type\":\"summary\"}", "{\"type\":\"summary\"}",
        ]
      ),
      // A stream that breaks off, at a line's end and inside a line.
      (
        "{\"type\":\"start\"}\n{\"type\":\"start\"}\n{\"type\":\"summary\"}\n",
        ["{\"type\":\"start\"}", "{\"type\":\"start\"}\n{\"type\":\"summary\"}"]
      ),
      (
        "{\"type\":\"start\"}\n{\"type\":\"ima{\"type\":\"start\"}\n{\"type\":\"summary\"}\n",
        ["{\"type\":\"start\"}\n{\"type\":\"ima", "{\"type\":\"start\"}\n{\"type\":\"summary\"}"]
      ),
      (
        "{\"type\":\"progress\"}\n{\"type\":\"start\"}\n{\"type\":\"summary\"}",
        ["{\"type\":\"progress\"}\n{\"type\":\"start\"}\n{\"type\":\"summary\"}"]
      ),
      ("", []), ("nothing\n", []),
    ]
    for (text, pieces) in rows {
      let bytes = Array(text.utf8)
      #expect(DocumentPieces.split(bytes).map { String(decoding: bytes[$0], as: UTF8.self) } == pieces)
    }
  }

  @Test("the times in front of a log's lines are no part of a report") func timestamps() throws {
    let report = Samples.report([], node: "a")
    for lines in [try ReportEncoder.encode(report), try NDJSONReport(report).render()] {
      for time in ["2026-11-24T13:00:00.123456789Z ", "2026-11-24T13:00:00+01:00 "] {
        let logged = lines.split(separator: 10).reduce(into: [UInt8]()) { $0 += Array(time.utf8) + $1 + [10] }
        #expect(LogTimestamps.stripped(logged) == lines)
        #expect(try ReportDecoder.decode(logged, path: "pod.log") == report)
      }
    }
    for text in ["", "\n", "2026", "2026-11-24T13:00:00Z\nx", "2026-11-24 13:00:00 x", "  2026-11-24T13:00:00Z x"] {
      #expect(LogTimestamps.stripped(Array(text.utf8)) == Array(text.utf8), "\(text)")
    }
    #expect(LogTimestamps.stripped(Array("2026-11-24T13:00:00Z ".utf8)).isEmpty)
  }
}
