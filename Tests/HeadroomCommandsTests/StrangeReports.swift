import Foundation
import SpaceModel
import SpaceReport
import TestSupport

/// Reports that nobody has on a node, but that somebody can save or bring about: names that try to break out of a format,
/// figures at the ends of their range, things twice, things missing.
enum StrangeReports {
  static let names: [[UInt8]] =
    [
      "COS_STATE", "COS_STATE", "cOS/active.img", "cOS/passive.img", "a\nb", "a\r\nHEADROOM OK - all is well|x=1",
      "a|b", "a\\|b|c\\",
      "it's \"quoted\"", "<script>alert(1)</script>", "</code></td></table><h1>x", "\u{1B}[2J\u{1B}]0;x\u{7}", "``` x",
      "`a`b``",
      "error.log", "ERROR/Fatal.img", "errerroror fataFATAL", "a=b'c'd", "$(reboot) `id` ${x}", "http://evil.example/x",
      "www.evil.example",
      "@everyone #1 me@example.com", "[x](http://evil.example) ![y](z) *b* _i_ ~~s~~", "# heading", "- item",
      "percent:41", "a\u{202E}b\u{200B}",
      "e\u{301}", "\u{E9}", "\u{10FFFF}\u{10FF80}", "😀 ünïcödé ディスク", " ", "  two  ", "\u{2028}x\u{85}y",
      "&lt;&#124;&amp;", "{{ .x }}", "\\", "\\x0a",
      "RESULT: all good", "\t| --- | --- |", "\u{1}\u{7F}",
    ].map { Array($0.utf8) } + [
      [0x61, 0xFF, 0x0A, 0x62], [0xC3], [0xED, 0xA0, 0x80], Array(repeating: 0xFE, count: 255),
      Array(repeating: 0x61, count: 255),
      Array(repeating: 0x7C, count: 255), Array(String(repeating: "é", count: 127).utf8),
      Array(String(repeating: "a\u{300}\u{301}", count: 50).utf8),
    ]

  /// - Parameter seed: The same seed makes the same report.
  static func report(_ seed: Seed) -> Report {
    var random = seed
    return Maker(random: random.derived(0)).report(&random)
  }

  static func many(_ count: Int) -> [Report] { (0..<count).map { report(Seed.current.derived($0)) } }

  private struct Maker {
    var random: Seed

    func report(_ random: inout Seed) -> Report {
      let partitions = (0..<Int.random(in: 0...5, using: &random)).map { _ in partition(&random) }
      var host = Report.Host()
      host.nodeName = maybe(&random) { text(&$0) }
      host.osName = maybe(&random) { text(&$0) }
      var report = Report(
        generatedAt: Bool.random(using: &random) ? "2026-02-03T04:05:06Z" : text(&random),
        tool: Report.Tool(
          name: "headroom", version: text(&random), command: maybe(&random) { pick(Report.Command.allCases, &$0) }),
        host: host,
        limits: (0..<Int.random(in: 0...3, using: &random)).map { _ in Limit(text(&random), "it is " + text(&random)) },
        partitions: partitions,
        projections: (0..<Int.random(in: 0...4, using: &random)).map { _ in projection(partitions, &random) },
        findings: (0..<Int.random(in: 0...6, using: &random)).map { _ in finding(&random) })
      if Int.random(in: 0..<4, using: &random) == 0 { report.verdict = pick(Verdict.allCases, &random) }
      return report
    }

    private func partition(_ random: inout Seed) -> Partition {
      var partition = Partition(
        device: Bool.random(using: &random) ? "/dev/sda4" : path(&random), state: pick([.mounted, .offline], &random))
      partition.filesystemLabel = maybe(&random) { text(&$0) }
      partition.partitionLabel = maybe(&random) { text(&$0) }
      partition.filesystemType = maybe(&random) { text(&$0) }
      partition.sizeBytes = maybe(&random, bytes)
      partition.capacityBytes = maybe(&random, bytes)
      partition.freeBytes = maybe(&random, bytes)
      partition.usableBytes = maybe(&random, bytes)
      partition.images = maybe(&random) { random in
        (0..<Int.random(in: 0...(Int.random(in: 0..<10, using: &random) == 0 ? 80 : 4), using: &random)).map { _ in
          image(&random)
        }
      }
      return partition
    }

    private func image(_ random: inout Seed) -> ImageUsage {
      var image = ImageUsage(
        path: path(&random), role: pick([.active, .passive, .recovery, .other], &random),
        apparentBytes: bytes(&random), allocatedBytes: bytes(&random), mapSource: .fiemap)
      image.reclaimableBytes = maybe(&random, bytes)
      image.os = maybe(&random) { OperatingSystem(prettyName: text(&$0)) }
      image.hardLinkOf = Int.random(in: 0..<8, using: &random) == 0 ? path(&random) : nil
      image.integrity = maybe(&random) { random in
        var integrity = Integrity(state: pick(Integrity.State.allCases, &random), reason: text(&random))
        integrity.lostBytes = maybe(&random, bytes)
        return integrity
      }
      return image
    }

    private func projection(_ partitions: [Partition], _ random: inout Seed) -> Projection {
      var projection = Projection(
        filesystemLabel: text(&random), upgrade: pick(["system", "preload", text(&random)], &random),
        profile: text(&random), profileSource: text(&random), model: "two-copy",
        outcome: pick([.fits, .tight, .silentCorruption, .loudFailure, .unknown], &random), reason: text(&random) + ".")
      projection.device = partitions.randomElement(using: &random)?.device
      projection.target = maybe(&random) { text(&$0) }
      projection.usableBytes = maybe(&random, bytes)
      projection.needBytes = maybe(&random, bytes)
      projection.leastNeedBytes = maybe(&random, bytes)
      projection.creditBytes = maybe(&random, bytes)
      projection.headroomBytes = maybe(&random, bytes)
      projection.marginBytes = maybe(&random, bytes)
      projection.cause = maybe(&random) { pick([.tree, .image, .imageBlocks, .rule], &$0) }
      projection.isOptional = Int.random(in: 0..<4, using: &random) == 0 ? true : nil
      projection.peakStep = maybe(&random) { text(&$0) }
      projection.steps = (0..<Int.random(in: 0...3, using: &random)).map { _ in
        Projection.Step(
          name: text(&random), changeBytes: bytes(&random), usedBytes: bytes(&random), freeBytes: bytes(&random),
          source: nil)
      }
      projection.whatIfs = (0..<Int.random(in: 0...2, using: &random)).map { _ in
        Projection.WhatIf(
          id: "dig-holes:" + text(&random), freesBytes: bytes(&random), headroomBytes: maybe(&random, bytes),
          outcome: .fits, risk: maybe(&random) { text(&$0) })
      }
      return projection
    }

    private func finding(_ random: inout Seed) -> Finding {
      var finding = Finding(
        pick(
          [.upgradeSpace, .imageNotSparse, .labelMissing, .imageLostWrites, Finding.ID(rawValue: text(&random))],
          &random),
        pick([.info, .warning, .critical], &random), target: text(&random), message: "It is " + text(&random) + ". So.",
        remedy: maybe(&random) { text(&$0) + "\nrm " + text(&$0) })
      finding.ignored = Int.random(in: 0..<4, using: &random) == 0 ? true : nil
      return finding
    }

    private func path(_ random: inout Seed) -> FilePath { FilePath(bytes: pick(names, &random)) }
    private func text(_ random: inout Seed) -> String { RawArgument.text(of: pick(names, &random)) }

    private func bytes(_ random: inout Seed) -> ByteCount {
      ByteCount(pick([0, 1, -1, .max, .min, 1 << 53, Int64.random(in: 0...(1 << 40), using: &random)], &random))
    }

    private func maybe<Value>(_ random: inout Seed, _ make: (inout Seed) -> Value) -> Value? {
      Int.random(in: 0..<3, using: &random) == 0 ? nil : make(&random)
    }

    private func pick<Value>(_ all: [Value], _ random: inout Seed) -> Value {
      all[Int.random(in: all.indices, using: &random)]
    }
  }
}

extension Report {
  /// Rendered as a consumer gets it; what is not UTF-8 would be replaced, and a test sees that.
  func rendered(_ format: ReportFormat) throws -> [UInt8] {
    try ReportRenderer(self, style: TextStyle()).render(as: format)
  }

  func text(_ format: ReportFormat) throws -> String {
    guard let text = String(validating: try rendered(format), as: UTF8.self) else { throw Unexpected("not UTF-8") }
    return text
  }

  /// Reports of real nodes: what `plan` says of each scenario.
  static let ofScenarios: [Report] = {
    do { return try Scenario.all().map { try $0.report() } } catch { preconditionFailure("\(error)") }
  }()
}

extension Scenario {
  fileprivate func report() throws -> Report {
    let card = "\(path)/payload.json"
    let payload = access(card, R_OK) == 0 ? ["--incoming", card] : []
    return try Headroom.report(
      Headroom.run(arguments: ["plan", "--json", "--report", "\(path)/audit.json"] + payload + arguments))
  }
}
