import Foundation
import SpaceModel
import SpaceReport
import TestSupport

/// Pages of every kind, for a browser to look at.
enum HTMLPages {
  /// Writes a report's page into a directory and gives its path.
  @discardableResult
  static func write(_ report: Report, as name: String, in scratch: ScratchDirectory) throws -> String {
    try scratch.write(HTMLReport(report).render(), to: "\(name).html")
  }

  /// The plan of each scenario.
  static func plans(_ scenarios: [Scenario], in scratch: ScratchDirectory) throws -> [String] {
    try scenarios.map { scenario in
      var report = try scenario.plan().report
      report.tool.command = .plan
      return try write(report, as: scenario.testDescription, in: scratch)
    }
  }

  /// The audit of a node with nothing wrong.
  static func healthy() throws -> Report { try healthyAudit.get() }
  /// The audit of one whose upgrade was interrupted.
  static func interrupted() throws -> Report { try interruptedAudit.get() }

  // A disk takes a while to make.
  private static let healthyAudit = Result { try audit("harvester-1.8-upgraded-15g") }
  private static let interruptedAudit = Result { try audit("interrupted-upgrade") }

  private static func audit(_ scenario: String) throws -> Report {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(scenario, in: scratch)
    return try Headroom.audit("--disk", disk)
  }

  /// Verify's report of an image with holes under blocks that its filesystem uses.
  static func damaged(in scratch: ScratchDirectory) throws -> Report {
    let tree = try scratch.directory("damaged/usr/lib/modules")
    for number in 0..<40 {
      try Command.check("dd", "if=/dev/urandom", "of=\(tree)/m\(number)", "bs=300K", "count=1", "status=none")
    }
    let image = try scratch.sparseFile("damaged.img", bytes: 32 << 20)
    try Command.check("mkfs.ext2", "-q", "-F", "-b", "1024", "-d", scratch.file("damaged"), image)
    try Command.check("fallocate", "-p", "-o", "\(8 << 20)", "-l", "\(1 << 20)", image)
    let result = try Headroom.run("verify", "--json", "--image", image)
    return try Headroom.report(result)
  }

  /// A report with as many images as a node could have, each map as torn as a map can be.
  static func many(_ report: Report, images count: Int = 60) throws -> Report {
    var report = report
    guard let index = report.partitions.firstIndex(where: { $0.images?.isEmpty == false }),
      let sample = report.partitions[index].images?.first
    else { throw Unexpected("no image to take sixty times") }
    let kinds = CellKind.allCases
    report.partitions[index].images = (0..<count).map { number in
      var image = sample
      image.path = FilePath(".snapshots/\(number)/snapshot.img")
      image.role = .snapshot
      image.map = HoleMap(
        cellBytes: .mebibytes(12), cells: (0..<256).map { kinds[($0 * $0 + number * $0) % kinds.count] })
      return image
    }
    report.findings += (0..<count).map { number in
      Finding(
        .imageNotSparse, .warning, target: "COS_STATE:.snapshots/\(number)/snapshot.img", message: "It has no holes.",
        remedy: "headroom reclaim --apply --verify /run/initramfs/cos-state/.snapshots/\(number)/snapshot.img")
    }
    return report
  }

  // MARK: Hostile names

  static let evil = [
    "</script><script>window.broken = 1</script>", "\" onload=\"window.broken = 1",
    "'><img src=x onerror=window.broken=1>", "a\nb\r\tc", "\u{1B}[2J\u{1B}]0;x\u{7}", "\u{202E}gpj.exe\u{2066}", "<!--",
    "]]>", "&lt;b&gt;", String(repeating: "W", count: 255), String(repeating: "ש", count: 120),
    String(decoding: [0xEF, 0xBF, 0xBE, 0xF0, 0x9F, 0xBF, 0xBF] as [UInt8], as: UTF8.self),
    "\u{2028}", "<svg onload=window.broken=1>", "</style><style>*{display:none}", "</title><h1>",
    Array(repeating: "very", count: 50).joined(separator: "/"), RawArgument.text(of: [0x61, 0xFF, 0x3C, 0x80]),
  ]

  /// Every text that comes from a disk or a saved report, each made to break out.
  static func hostile(_ report: Report) -> Report {
    var report = report
    var number = 0
    func next() -> String {
      number += 1
      return evil[number % evil.count]
    }
    report.host.nodeName = next()
    report.host.osName = next()
    report.tool.version = next()
    report.limits = evil.map { Limit($0, $0) }
    for index in report.partitions.indices {
      report.partitions[index].filesystemLabel = next()
      report.partitions[index].filesystemType = next()
      report.partitions[index].mountpoints = [FilePath(next())]
      report.partitions[index].state = .mounted
      report.partitions[index].leftovers = [.init(path: FilePath(next()), allocatedBytes: .mebibytes(1))]
      for image in (report.partitions[index].images ?? []).indices {
        report.partitions[index].images?[image].path = FilePath(next())
        report.partitions[index].images?[image].inUse = ImageInUse(by: next(), writable: true)
        report.partitions[index].images?[image].os = OperatingSystem(prettyName: next())
        report.partitions[index].images?[image].inner?.filesystemType = next()
        var integrity = Integrity(state: .damaged, reason: next(), checked: [next()])
        integrity.files = evil.map { name in
          var file = Integrity.File(path: FilePath("/\(name)"), sizeBytes: nil)
          file.intactCopy = name
          file.differs = [name]
          return file
        }
        report.partitions[index].images?[image].integrity = integrity
      }
    }
    for index in report.projections.indices {
      report.projections[index].profileSource = next()
      report.projections[index].reason = next()
      report.projections[index].target = next()
      report.projections[index].basis?.source = next()
      report.projections[index].steps = report.projections[index].steps.map { step in
        .init(
          name: next(), changeBytes: step.changeBytes, usedBytes: step.usedBytes, freeBytes: step.freeBytes,
          source: next())
      }
      report.projections[index].peakStep = report.projections[index].steps.last?.name
      report.projections[index].whatIfs += [
        .init(id: next(), freesBytes: .zero, headroomBytes: nil, outcome: .unknown, risk: next())
      ]
    }
    report.findings += evil.map {
      Finding(.init(rawValue: $0), .warning, target: $0, message: $0, remedy: "\($0)\nsecond line")
    }
    return report
  }
}
