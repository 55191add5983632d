import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

@testable import HeadroomCommands

/// The lines of a run that a program follows.
@Suite struct ProgressEventTests {
  private static func lines(_ arguments: [String]) throws -> [[String: Any]] {
    let result = try Headroom.run(arguments: ["audit", "--format", "ndjson"] + arguments)
    return try result.output.split(separator: 0x0A).compactMap {
      try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
    }.filter { $0["type"] as? String == "progress" }
  }

  @Test("progress names what is read, and nothing where names are redacted") func stages() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("harvester-1.4.0-fresh", in: scratch)
    let told = try Self.lines(["--disk", disk])
    #expect(told.contains { ($0["stage"] as? String)?.hasSuffix(".img") == true })
    let redacted = try Self.lines(["--disk", disk, "--redact", "names"])
    #expect(!redacted.isEmpty && redacted.allSatisfy { $0["stage"] == nil })
    #expect((told + redacted).allSatisfy { $0["bytes_done"] is Int && $0["bytes_planned"] is Int })
  }

  @Test("an event has a stage or none, never an empty one, and no plan is 0") func events() {
    for stage in [nil, ""] {
      let event = Progress.event(stage: stage, read: 5, planned: 0)
      #expect(event == ProgressLine(stage: nil, bytesDone: ByteCount(5), bytesPlanned: .zero))
    }
    #expect(Progress.event(stage: "a", read: 7, planned: 5).bytesPlanned == ByteCount(7))
  }
}
