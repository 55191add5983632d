import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import SpaceReport

/// A report line by line, and back.
@Suite struct NDJSONReportTests {
  private static func text(_ report: Report) throws -> String {
    String(decoding: try NDJSONReport(report).render(), as: UTF8.self)
  }

  private func error(_ text: String) -> StorageError? {
    #expect(throws: StorageError.self) { try ReportDecoder.decode(Array(text.utf8), path: "r.ndjson") }
  }

  @Test("lines stand in their order, each an object with a type") func linesStandInTheirOrder() throws {
    let lines = try Self.text(Samples.incident()).split(separator: "\n")
    #expect(
      lines.first?.hasPrefix(#"{"type":"start","schema_version":"1.0","generated_at":"2026-02-03T04:05:06Z""#) == true)
    let types = try lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return object?["type"] as? String
    }
    #expect(types == ["start", "limit", "partition", "partition", "image", "image", "finding", "summary"])
    let image = #"{"type":"image","filesystem_label":"COS_STATE","device":"/dev/sda4","path":"cOS/active.img""#
    #expect(lines[4].hasPrefix(image))
    #expect(lines[3].hasSuffix(#""image_count":2}"#) && !lines[3].contains("\"images\""))
    #expect(!lines[2].contains("image_count"), "COS_OEM was not searched")
    let summary =
      #"{"type":"summary","verdict":"warning","limit_count":1,"partition_count":2,"image_count":2,"#
      + #""projection_count":0,"finding_count":1,"critical_count":0,"warning_count":1,"info_count":0,"#
      + #""ignored_count":0}"#
    #expect(lines.last.map(String.init) == summary)
  }

  @Test("the same report comes out of it again") func theSameReportComesOut() throws {
    var seed = Seed.current.derived(45)
    var reports = ReportEncoderTests.reports + [Samples.full(), Samples.full(ByteCount(.max)), Samples.raw]
    for _ in 0..<LongProof.count(10_000, sample: 300) { reports.append(ReportDecoderTests.strange(&seed)) }
    for report in reports {
      let bytes = try NDJSONReport(report).render()
      let read = try ReportDecoder.decode(bytes, path: "r.ndjson")
      #expect(read == report, "\(Seed.current)")
      #expect(try ReportEncoder.encode(read) == ReportEncoder.encode(report))
      #expect(try ReportRenderer(report, style: Samples.plain).render(as: .ndjson) == bytes)
    }
  }

  @Test("progress, unknown types, empty lines and carriage returns are passed over") func progressIsPassedOver() throws
  {
    let progress = try ProgressLine(stage: "cOS/passive.img", bytesDone: .mebibytes(1), bytesPlanned: .gibibytes(3))
      .render()
    let line = String(decoding: progress, as: UTF8.self)
    #expect(
      line == #"{"type":"progress","stage":"cOS/passive.img","bytes_done":1048576,"bytes_planned":3221225472}"# + "\n")
    let report = Samples.full()
    let text = try Self.text(report)
    let more = line + "\r\n" + text.replacing("\n", with: "\r\n" + line + #"{"type":"weather","sun":true}"# + "\n")
    #expect(try ReportDecoder.decode(Array(more.utf8), path: "r.ndjson") == report)
    #expect(try ReportDecoder.decode(Array(text.dropLast().utf8), path: "r.ndjson") == report)
  }

  @Test(
    "the lines are found one by one, blank ones passed over and counted",
    arguments: [
      ("", []), ("\n \r\n\t", []), ("a", [(1, "a")]), ("\n\n a\r\n\nb\n", [(3, " a\r"), (5, "b")]),
      ("a\n ", [(1, "a")]),
    ] as [(String, [(Int, String)])])
  func lines(text: String, wanted: [(Int, String)]) {
    let found = NDJSONReport.Lines(Array(text.utf8)).map { ($0.number, String(decoding: $0.bytes, as: UTF8.self)) }
    #expect(found.map(\.0) == wanted.map(\.0) && found.map(\.1) == wanted.map(\.1))
  }

  @Test("a document of nothing but line ends costs one pass over it") func lineEndsCostLittle() {
    let blank = [UInt8](repeating: 0x0A, count: 16 << 20)
    let time = ContinuousClock().measure { #expect(!NDJSONReport.begins(blank)) }
    #expect(time < .seconds(10))
    let deep = blank + Array("{\"type\":1}".utf8)
    #expect(NDJSONReport.begins(deep))
  }

  @Test("a stream that is not whole is refused, with its line") func aStreamThatIsNotWholeIsRefused() throws {
    let text = try Self.text(Samples.incident())
    let lines = text.split(separator: "\n").map(String.init)
    func without(_ index: Int) -> String {
      lines.enumerated().filter { $0.offset != index }.map(\.element).joined(separator: "\n")
    }
    for index in lines.indices {
      let error = error(without(index))
      #expect(error?.code == .corrupt)
    }
    let cut = "line 7, column 1: it ends without its summary, so it is not whole"
    #expect(error(without(lines.count - 1))?.message == cut)
    #expect(error(String(text.dropLast(20)))?.message.hasPrefix("line 8, column") == true)
    #expect(error(text + text)?.message == "line 9, column 1: there is more behind the summary")
    #expect(error(lines[0] + "\n" + text)?.message == "line 2, column 1: a second report begins")
    #expect(error(lines[0] + "\n[]\n")?.message == "line 2, column 1: expected an object with a \"type\"")
    let role = error(text.replacing("\"role\":\"active\"", with: "\"role\":\"chief\""))
    #expect(role?.message == "line 5: role: \"chief\" is not known here")
    let newer = error(text.replacing("\"schema_version\":\"1.0\"", with: "\"schema_version\":\"2.0\""))
    #expect(newer?.code == .unsupported)
  }

  @Test("every place where a stream may be cut is noticed") func everyCutIsNoticed() throws {
    let bytes = try NDJSONReport(Samples.incident()).render()
    for length in stride(from: 1, to: bytes.count - 1, by: 7) {
      #expect(throws: StorageError.self) { try ReportDecoder.decode(Array(bytes.prefix(length)), path: "r") }
    }
  }
}
