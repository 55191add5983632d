import Foundation
import SpaceModel
import Testing

@testable import SpaceReport

/// A report that somebody else wrote must not write to the terminal by itself.
@Suite struct EscapedReportTests {
  /// With every text that a report can have.
  private static func report() -> Report {
    var report = Samples.incident()
    report.partitions[0].layout = UpgradeLayout(kind: .images)
    report.partitions[0].layout?.snapshotter = "btrfs"
    report.boot = BootState(mode: .active)
    report.host.osName = "Harvester"
    var projection = Projection(
      filesystemLabel: "COS_STATE", upgrade: "system", profile: "harvester", profileSource: "detected",
      model: "two-copy",
      outcome: .silentCorruption, reason: "The image does not fit.")
    projection.target = "v1.8.1"
    projection.basis = Projection.Basis(kind: .payload, source: "Harvester v1.8.1")
    projection.peakStep = "fill"
    projection.needBytes = .gibibytes(4)
    projection.usableBytes = .gibibytes(3)
    projection.headroomBytes = ByteCount(-1)
    projection.steps = [
      Projection.Step(
        name: "fill", changeBytes: .zero, usedBytes: .gibibytes(2), freeBytes: .gibibytes(1), source: "a rule")
    ]
    projection.whatIfs = [
      Projection.WhatIf(
        id: "remove-passive", freesBytes: .gibibytes(1), headroomBytes: .zero, outcome: .tight, risk: "no fallback")
    ]
    report.projections = [projection]
    report.findings.append(
      Finding(.upgradeSpace, .critical, target: "COS_STATE", message: "It does not fit.", remedy: "one\ntwo"))
    return report
  }

  /// A document with one of its texts replaced, once for each.
  private static func variants(_ value: Any, _ change: (String) -> String) -> [Any] {
    switch value {
    case let text as String: return [change(text)]
    case let list as [Any]:
      return list.indices.flatMap { index -> [Any] in
        variants(list[index], change).map { one in
          var copy = list
          copy[index] = one
          return copy
        }
      }
    case let object as [String: Any]:
      return object.keys.sorted().flatMap { key -> [Any] in
        variants(object[key] ?? NSNull(), change).map { object.merging([key: $0]) { $1 } }
      }
    default: return []
    }
  }

  @Test("No text of a saved report reaches the terminal raw, whichever it is")
  func nothingRaw() throws {
    let document = try JSONSerialization.jsonObject(with: Data(ReportEncoder.encode(Self.report())))
    let hostile = "\u{1B}]0;x\u{7}\u{9B}\u{202E}\nFORGED"
    var read = 0
    var shown = 0
    for variant in Self.variants(document, { $0 + hostile }) {
      // Where only certain words are allowed the report is refused.
      guard
        let report = try? ReportDecoder.decode(
          Array(JSONSerialization.data(withJSONObject: variant)), path: "report.json")
      else { continue }
      read += 1
      for width in [80, 200] {
        let style = TextStyle(width: width, unicode: true, color: true)
        for text in [TextReport(report, style: style).render(), PlanText(report, style: style).render()] {
          for raw in ["\u{1B}]", "\u{7}", "\u{9B}", "\u{202E}", "\nFORGED"] { #expect(!text.contains(raw), "\(text)") }
          if text.contains("FORGED") { shown += 1 }
        }
      }
    }
    // Else nothing was tried.
    #expect(read > 40)
    #expect(shown > 40)
  }

  @Test("A report without such text is shown as it is")
  func nothingElse() {
    let report = Self.report()
    #expect(report.escaped == report)
  }
}
