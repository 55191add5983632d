import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// A validator nobody here wrote accepts all that the model can say, and refuses what it cannot.
@Suite(.needsTool("check-jsonschema")) struct SchemaRefusalTests {
  @Test("whatever the model can say is valid") func whateverTheModelCanSayIsValid() throws {
    let scratch = try ScratchDirectory()
    func check(_ name: String, _ documents: [[UInt8]]) throws {
      let files = try documents.enumerated().map { try scratch.write($1, to: "\(name)\($0).json") }
      for isClosed in [false, true] {
        let objections = try SchemaTree(name).objections(to: files, isClosed: isClosed, in: scratch)
        #expect(objections == "")
      }
    }
    let largest = ByteCount(.max)
    let reports = [
      Samples.full(), Samples.full(largest), Samples.raw, Samples.incident(), Samples.report([]),
      Samples.full().redacted(.names), Samples.raw.redacted(.names), Samples.incident(node: nil).ofIntegrity,
    ]
    try check("report", reports.map { try ReportEncoder.encode($0) })
    try check("payload", [Samples.fullCard(), Samples.fullCard(largest)].map { try ReportEncoder.encode($0) })
    let fleets = try [Samples.fullFleet(), Samples.fullFleet(largest), Samples.rawFleet, FleetMergeTests.merged([])]
    try check("fleet", fleets.map { try ReportEncoder.encode($0) })
    let dry = ReclaimReport(generatedAt: "2026-02-03T04:05:06Z", toolName: "headroom", toolVersion: "1", applied: false)
    let reclaims = [Samples.fullReclaim(), Samples.fullReclaim(largest), Samples.rawReclaim, dry]
    try check("reclaim", reclaims.map { try ReportEncoder.encode($0) })
    try check("copy", (Samples.copies() + Samples.copies(largest)).map(CopyJSON.document))
    let empty = PartitionDocument(partitions: [], limits: [])
    try check("partitions", [ReportEncoder.encode(empty)])
    let lines =
      try reports.flatMap { try NDJSONReport($0).render().split(separator: 0x0A) }
      + [ProgressLine(stage: nil, bytesDone: largest, bytesPlanned: largest).render()[...]]
    let files = try lines.enumerated().map { try scratch.write(Array($1), to: "line\($0).json") }
    #expect(try SchemaTree("event").objections(to: files, in: scratch) == "")
    let wrong = try [
      #"{"type":"progress","bytes_done":1}"#, #"{"type":"start"}"#, #"{"bytes_done":1}"#, #"{"type":""}"#,
      #"{"type":"summary","verdict":"ok"}"#, #"{"type":"finding","id":"a","message":"b","severity":"bad"}"#,
    ].enumerated().map { try scratch.write($1, to: "wrong-\($0).json") }
    let refused = try SchemaTree("event").objections(to: wrong, in: scratch)
    for file in wrong { #expect(refused.contains("\(file)::")) }
    let newer = try scratch.write(#"{"type":"weather","sun":true}"#, to: "newer.json")
    #expect(try SchemaTree("event").objections(to: [newer], in: scratch) == "")
  }

  @Test(
    "a wrong fleet report is refused",
    arguments: [
      (#""nodes": ["#, #""nodes": {}, "x": ["#), (#""missing": 1,"#, ""),
      (#""incomplete": true"#, #""incomplete": false"#),
      (#""severity": "critical""#, #""severity": "bad""#), (#""max_age_seconds": 60"#, #""max_age_seconds": -1"#),
      (#""age_doubt": "old""#, #""age_doubt": "Very Old""#), (#""reason": "it is cut off""#, #""reason": """#),
      (#""reported_verdict": "critical""#, #""reported_verdict": "fine""#),
    ])
  func aWrongFleetReportIsRefused(from: String, to: String) throws {
    let scratch = try ScratchDirectory()
    let good = String(decoding: try ReportEncoder.encode(Samples.fullFleet()), as: UTF8.self)
    let bad = good.replacing(from, with: to)
    #expect(bad != good)
    let file = try scratch.write(bad, to: "bad.json")
    #expect(try SchemaTree("fleet").objections(to: [file], in: scratch).contains("\(file)::"))
  }

  static let wrongReclaims: [(name: String, from: String, to: String)] = [
    ("not said whether it was done", #""applied": true,"#, ""),
    ("a text for yes", #""applied": true"#, #""applied": "yes""#),
    ("no reason", #""reason": "open","#, ""),
    ("a reason that is no word", #""reason": "open""#, #""reason": "Somebody has it open""#),
    ("a state that is no word", #""state": "done""#, #""state": """#),
    ("a gain with a unit", #""gain_bytes": 1073741824"#, #""gain_bytes": "1 GiB""#),
    ("a gain below nothing", #""gain_bytes": 1073741824"#, #""gain_bytes": -1"#),
    ("no least gain", #""least_gain_bytes": 1073741824,"#, ""),
    ("a count with a fraction", #""range_count": 3"#, #""range_count": 3.5"#),
    ("an image without a path", #""path_encoding": "percent","#, #""path_encoding": "percent", "path": "","#),
    ("null for no lease", #""lease": "held""#, #""lease": null"#),
    ("false where only true is said", #""left_writable": true"#, #""left_writable": false"#),
    ("an object for a list", #""objections": ["#, #""objections": {}, "x": ["#),
    ("another major version", #""schema_version": "1.0""#, #""schema_version": "2.0""#),
    ("a projection without an outcome", #""outcome": "silent-corruption","#, ""),
  ]

  static let wrongCopies: [(name: String, from: String, to: String)] = [
    ("no method", #""method": "sparse","#, ""),
    ("a method that is no word", #""method": "sparse""#, #""method": "By hand""#),
    ("a size with a unit", #""apparent_bytes": 1073741824"#, #""apparent_bytes": "1 GiB""#),
    ("a size below nothing", #""dug_bytes": 1073741824"#, #""dug_bytes": -4096"#),
    ("how one was read alone", #""source_read": "direct","#, ""),
    ("an empty label", #""label": "COS_PASSIVE""#, #""label": """#),
    ("a label that is too long", #""label": "COS_PASSIVE""#, #""label": "COS_PASSIVE_IMAGE""#),
    ("no version", #""schema_version": "1.0","#, ""),
    ("another encoding", #""source_encoding": "percent""#, #""source_encoding": "base64""#),
    ("nothing that was not kept", #""not_kept": ["#, #""not_kept": [], "x": ["#),
  ]

  @Test("a wrong document of reclaim or copy is refused") func aWrongDocumentOfReclaimOrCopyIsRefused() throws {
    let scratch = try ScratchDirectory()
    let reclaim = try ReportEncoder.encode(Samples.rawReclaim)
    let copy = try CopyJSON.document(#require(Samples.copies().first))
    for (name, good, wrongs) in [("reclaim", reclaim, Self.wrongReclaims), ("copy", copy, Self.wrongCopies)] {
      let text = String(decoding: good, as: UTF8.self)
      let files = try wrongs.enumerated().map { index, wrong in
        let bad = text.replacing(wrong.from, with: wrong.to)
        #expect(bad != text, "\(name): \(wrong.name)")
        return try scratch.write(bad, to: "\(name)-\(index).json")
      }
      let refused = try SchemaTree(name).objections(to: files, in: scratch)
      for (file, wrong) in zip(files, wrongs) { #expect(refused.contains("\(file)::"), "\(name): \(wrong.name)") }
    }
  }

  /// Ways to break a document.
  static let wrongs: [(name: String, from: String, to: String)] = [
    ("null", #""product": "harvester""#, #""product": null"#),
    ("empty text", #""product": "harvester""#, #""product": """#),
    ("bytes as text", #""size_bytes": 1073741824"#, #""size_bytes": "1 GiB""#),
    ("bytes with a fraction", #""size_bytes": 1073741824"#, #""size_bytes": 1.5"#),
    ("negative size", #""size_bytes": 1073741824"#, #""size_bytes": -1"#),
    ("a key that is required is missing", #""role": "passive","#, ""),
    ("no verdict", #""verdict": "ok","#, ""),
    ("an unknown verdict", #""verdict": "ok""#, #""verdict": "fine""#),
    ("an unknown severity", #""severity": "warning""#, #""severity": "bad""#),
    ("a word that is none", #""role": "passive""#, #""role": "Passive Image""#),
    ("time without a zone", "04:05:06Z", "04:05:06"),
    ("no such day", "2026-02-03T", "2026-02-31T"),
    ("another major version", #""schema_version": "1.0""#, #""schema_version": "2.0""#),
    ("an object for a list", #""what_ifs": ["#, #""what_ifs": {}, "x": ["#),
    ("false where only true is said", #""needs_recovery": true"#, #""needs_recovery": false"#),
    ("a range of three", "4096\n", "4096, 5\n"),
    ("another encoding", #""path_encoding": "percent""#, #""path_encoding": "base64""#),
    ("a map that is none", #""cells": "2dz""#, #""cells": "2q""#),
    ("a twin that is no number", #""number": 2,"#, #""number": 2, "number_s": "two","#),
  ]

  @Test("a wrong document is refused") func aWrongDocumentIsRefused() throws {
    let scratch = try ScratchDirectory()
    let schema = try SchemaTree("report")
    func objections(_ text: String, _ name: String) throws -> String {
      try schema.objections(to: [scratch.write(text, to: "\(name).json")], in: scratch)
    }
    var report = Samples.full()
    report.partitions[0].images?[0].integrity?.files?[0].path = FilePath(bytes: [0xFF])
    let good = String(decoding: try ReportEncoder.encode(report), as: UTF8.self)
    #expect(try objections(good, "good") == "")
    let files = try Self.wrongs.enumerated().map { index, wrong in
      let bad = good.replacing(wrong.from, with: wrong.to)
      #expect(bad != good, "\(wrong.name)")
      return try scratch.write(bad, to: "bad-\(index).json")
    }
    let refused = try schema.objections(to: files, in: scratch)
    for (file, wrong) in zip(files, Self.wrongs) { #expect(refused.contains("\(file)::"), "\(wrong.name)") }
    // What a newer minor version may bring is accepted.
    let newer = good.replacing(#""schema_version": "1.0""#, with: #""schema_version": "1.7", "weather": "fine""#)
      .replacing(#""role": "passive""#, with: #""role": "spare", "colour": 5"#)
    #expect(try objections(newer, "newer") == "")
  }
}
