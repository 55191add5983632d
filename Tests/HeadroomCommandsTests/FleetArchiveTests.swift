import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// Support bundles, as zip(1) makes them, and archives that mean harm.
@Suite struct FleetArchiveTests {
  /// A directory with `bundle/nodes/NODE.zip` for each node; node-3 has no report.
  private static func bundle(in scratch: ScratchDirectory, options: [String] = []) throws -> String {
    let measured = try FleetTests.measured(in: scratch)
    let top = scratch.file("top")
    for (name, ok) in [("node-1", false), ("node-2", true), ("node-3", true)] {
      let logs = "\(top)/\(name)/logs/headroom"
      try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
      if name != "node-3" {
        try FleetTests.write(FleetTests.report(measured, of: name, ok: ok), to: "\(logs)/audit.json")
      }
      try "{ no json".write(toFile: "\(top)/\(name)/other.json", atomically: true, encoding: .utf8)
      try "{ no report".write(toFile: "\(top)/\(name)/logs/kubelet.log", atomically: true, encoding: .utf8)
      try FileManager.default.createDirectory(atPath: "\(top)/bundle/nodes", withIntermediateDirectories: true)
      try zip("bundle/nodes/\(name).zip", [name], in: top, options)
    }
    try zip("bundle.zip", ["bundle"], in: top, options)
    return "\(top)/bundle.zip"
  }

  private static func zip(_ archive: String, _ files: [String], in directory: String, _ options: [String] = []) throws {
    try Command.check(
      "/bin/sh",
      arguments: ["-c", "cd \"$1\" && shift && exec zip -q -r \"$@\"", "sh", directory] + options + [archive]
        + files)
  }

  @Test(
    "a support bundle's nodes are found in it, stored or packed, and one without a report is missing",
    .needsTool("zip"), arguments: [["-0"], ["-9"]])
  func bundles(options: [String]) throws {
    let scratch = try ScratchDirectory()
    let bundle = try Self.bundle(in: scratch, options: options)
    let (fleet, status) = try FleetTests.fleet([bundle])
    #expect(status == 2)
    #expect(fleet.nodes.map(\.name) == ["node-1", "node-2"])
    #expect(fleet.nodes.first?.source.display == "\(bundle):bundle/nodes/node-1.zip:node-1/logs/headroom/audit.json")
    #expect(fleet.missing == ["node-3"])
    #expect(fleet.unreadable.isEmpty)
    #expect(fleet.counts.skipped == 3)
    // By a pipe, and in a directory.
    let script = "exec \"$1\" fleet - --json < \"$2\""
    let piped = try Command.run(
      "/bin/sh", arguments: ["-c", script, "sh", try Products.headroom(), bundle],
      environment: Headroom.environment.merging(FleetTests.clock) { $1 })
    #expect(piped.status == 2)
    #expect(try FleetTests.fleet([scratch.file("top/bundle")]).report.nodes.map(\.name) == ["node-1", "node-2"])
  }

  @Test("what is wrong with an archive is said, and the others are read", .needsTool("zip")) func broken() throws {
    let scratch = try ScratchDirectory()
    let measured = try FleetTests.measured(in: scratch)
    let directory = scratch.file("d")
    try FileManager.default.createDirectory(atPath: "\(directory)/aa", withIntermediateDirectories: true)
    try FleetTests.write(FleetTests.report(measured, of: "good", ok: true), to: scratch.file("good.json"))
    try FleetTests.write(FleetTests.report(measured, of: "bad", ok: true), to: "\(directory)/aa/headroom.json")
    func archive(_ name: String, _ options: [String] = [], change: (inout [UInt8]) -> Void = { _ in }) throws -> String
    {
      try Self.zip("\(name).zip", ["aa"], in: directory, options)
      let path = "\(directory)/\(name).zip"
      var bytes = Array(try Data(contentsOf: URL(filePath: path)))
      change(&bytes)
      try Data(bytes).write(to: URL(filePath: path))
      return path
    }
    func replace(_ old: String, _ new: String, _ bytes: inout [UInt8]) {
      while let found = bytes.firstRange(of: Array(old.utf8)) { bytes.replaceSubrange(found, with: Array(new.utf8)) }
    }
    let rows: [(String, String)] = [
      (try archive("up") { replace("aa/headroom", "../headroom", &$0) }, "its name leads out of the archive"),
      (try archive("root") { replace("aa/headroom", "//aheadroom", &$0) }, "its name leads out of the archive"),
      (try archive("cut") { $0.removeLast(30) }, "the archive is cut off"),
      (
        try archive("flipped", ["-0"]) { bytes in
          let place = bytes.firstRange(of: Array("schema_version".utf8))?.lowerBound ?? 0
          bytes[place] ^= 1
        }, "its checksum does not match"
      ),
      (try archive("secret", ["-P", "x"]), "it is encrypted"),
      (
        try archive("method", ["-9"]) { bytes in
          // Of the file's entry in the central directory, behind that of the directory.
          let entries = bytes.ranges(of: [0x50, 0x4B, 0x01, 0x02])
          if let last = entries.last { bytes[last.lowerBound + 10] = 99 }
        }, "it is packed by method 99"
      ),
      (
        try archive("torn", ["-9"]) { bytes in
          for index in 300..<340 { bytes[index] = 0xFF }
        }, "it is damaged"
      ),
    ]
    for (path, reason) in rows {
      let (fleet, status) = try FleetTests.fleet([scratch.file("good.json"), path])
      #expect(status == 3)
      #expect(fleet.nodes.map(\.name) == ["good"])
      #expect(
        fleet.unreadable.count == 1 && fleet.unreadable[0].reason.contains(reason), "\(path): \(fleet.unreadable)")
    }
    #expect(try FleetTests.fleet([scratch.file("good.json"), try archive("whole")]).status == 0)
  }

  @Test("an archive cannot take more memory than a report is worth, nor be nested without end", .needsTool("zip"))
  func bombs() throws {
    let scratch = try ScratchDirectory()
    let directory = scratch.file("d")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let zeros = "\(directory)/headroom.json"
    #expect(FileManager.default.createFile(atPath: zeros, contents: nil))
    truncate(zeros, 300 << 20)
    try Self.zip("one.zip", ["headroom.json"], in: directory)
    let bomb = try Command.run(
      "/usr/bin/env",
      arguments: [
        "bash", "-c", "ulimit -v 600000; exec \"$1\" fleet \"$2\"", "sh", try Products.headroom(),
        "\(directory)/one.zip",
      ], environment: Headroom.environment)
    #expect(bomb.status == 3)
    // A long path of the scratch directory wraps the line.
    let words = bomb.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("it is larger than any report is"))
    // By any name, as in a directory.
    try FileManager.default.moveItem(atPath: zeros, toPath: "\(directory)/report.json")
    try Self.zip("other.zip", ["report.json"], in: directory)
    try FileManager.default.moveItem(atPath: "\(directory)/report.json", toPath: zeros)
    let other = try FleetTests.fleet(["\(directory)/other.zip"])
    #expect(other.status == 3)
    #expect(other.report.unreadable.map(\.source.lastComponent) == ["other.zip:report.json"])
    if LongProof.isWhole {
      // More together than all may have; each is let go before the next.
      truncate(zeros, 250 << 20)
      for number in 1...5 {
        try FileManager.default.copyItem(atPath: zeros, toPath: "\(directory)/headroom-\(number).zip")
      }
      // zip packs no file again that is named like an archive, unless told that others are.
      try Self.zip("many.zip", (1...5).map { "headroom-\($0).zip" }, in: directory, ["-n", ".jpg"])
      let many = try FleetTests.fleet(["\(directory)/many.zip"])
      #expect(many.report.unreadable.count == 5)
      #expect(many.report.unreadable.last?.reason == "the reports in the archive are larger than 1.00 GiB in all")
    }
    for (outer, inner) in [("two.zip", "one.zip"), ("three.zip", "two.zip")] {
      try Self.zip(outer, [inner], in: directory)
    }
    let nested = try FleetTests.fleet(["\(directory)/three.zip"])
    #expect(nested.report.unreadable.map(\.reason) == ["it is an archive inside an archive inside an archive"])
  }

  @Test("whatever byte of an archive is changed, there is an answer", .needsTool("zip")) func flippedBytes() throws {
    let scratch = try ScratchDirectory()
    let bytes = Array(try Data(contentsOf: URL(filePath: try Self.bundle(in: scratch, options: ["-0"]))))
    var random = Seed.current
    for number in 0..<LongProof.count(2000, sample: 60) {
      var changed = bytes
      // The directory and the headers are at the end of each archive, so half of the changes are made there.
      let low = number.isMultiple(of: 2) ? max(0, bytes.count - 600) : 0
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        changed[Int.random(in: low..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let path = scratch.file("changed.zip")
      try Data(changed).write(to: URL(filePath: path))
      let result = try Headroom.run("fleet", path, environment: FleetTests.clock, timeout: .seconds(60))
      #expect((0...3).contains(result.status), "\(random): \(result)")
    }
  }
}
