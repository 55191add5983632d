import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// What is printed, judged against docs/schema by a validator nobody here wrote.
@Suite(.needsTool("check-jsonschema")) struct SchemaValidationTests {
  private static func check(_ files: [String], _ name: String, in scratch: ScratchDirectory) throws {
    #expect(!files.isEmpty)
    for isClosed in [false, true] {
      let objections = try SchemaTree(name).objections(to: files, isClosed: isClosed, in: scratch)
      #expect(objections == "")
    }
  }

  @Test("the schemas are schemas") func theSchemasAreSchemas() throws {
    let names = try DocumentSchema.allCases.map { try SchemaTree($0.rawValue).path }
    let result = try Command.run("check-jsonschema", arguments: ["--check-metaschema"] + names)
    #expect(result.status == 0, "\(result)")
  }

  @Test("all that is printed of a node's disk is valid", arguments: ["harvester-1.4.0-fresh", "elemental-v2"])
  func allThatIsPrintedOfANodesDisk(scenario: String) throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(scenario, in: scratch)
    let inside = ["--disk", disk, "--label", "COS_STATE"]
    let image = scenario == "elemental-v2" ? ".snapshots/1/snapshot.img" : "cOS/passive.img"
    let card = scratch.file("card.json")
    let tree = try PayloadTree(in: scratch, files: 20)
    try Self.printed(
      [
        ["audit", "--disk", disk], ["audit", "--quick", "--disk", disk], ["verify", "--disk", disk],
        ["plan", "--to", "v9.9.9", "--disk", disk],
        ["plan", "--incoming", tree.path, "--save-payload", card, "--disk", disk],
        ["audit", "--disk", disk, "--label", "NOWHERE"], ["audit", "--quick", "--image", disk],
        ["audit", "--image", "/nowhere"],
      ], "report", in: scratch)
    try Self.printed(
      [
        ["map", disk], ["map", "--summary", disk, disk], ["map", "--zeros"] + inside + [image],
        ["map"] + inside + [image, image],
      ], "map", in: scratch)
    try Self.printed([["partitions", "--disk", disk], ["partitions"]], "partitions", in: scratch)
    try Self.check([card], "payload", in: scratch)
  }

  /// Runs each with `--json` and judges what comes out.
  private static func printed(_ commands: [[String]], _ name: String, in scratch: ScratchDirectory) throws {
    let files = try commands.enumerated().map { index, command in
      let result = try Headroom.run(arguments: command + ["--json"])
      #expect(result.status <= 3 && !result.output.isEmpty, "\(result)")
      if name == "report" { try lines(result.output, to: "\(name)\(index)", in: scratch) }
      return try scratch.write(result.output, to: "\(name)\(index).json")
    }
    try check(files, name, in: scratch)
  }

  /// Judges the lines of the same report.
  private static func lines(_ document: [UInt8], to name: String, in scratch: ScratchDirectory) throws {
    let report = try ReportDecoder.decode(document, path: "r.json")
    let text =
      try NDJSONReport(report).render() + ProgressLine(stage: nil, bytesDone: .zero, bytesPlanned: .zero).render()
    let files = try text.split(separator: 0x0A).enumerated().map { index, line in
      try scratch.write(Array(line), to: "\(name)-line\(index).json")
    }
    let objections = try SchemaTree("event").objections(to: files, in: scratch)
    #expect(objections == "")
  }

  @Test("audits of the public incidents, and the plans made of them, are valid") func scenarios() throws {
    let scratch = try ScratchDirectory()
    var files: [String] = []
    for scenario in try Scenario.all() {
      files.append("\(scenario.path)/audit.json")
      let name = scenario.testDescription
      let report = try scenario.plan().report
      files.append(try scratch.write(ReportEncoder.encode(report), to: "\(name)-plan.json"))
      let redacted = try ReportEncoder.encode(report.redacted(.names))
      files.append(try scratch.write(redacted, to: "\(name)-redacted.json"))
      let left = String(decoding: redacted, as: UTF8.self).split(separator: "\n").filter { $0.contains(".img") }
      #expect(left == [], "\(name)")
    }
    try Self.check(files, "report", in: scratch)
  }

  @Test("fleet reports are valid, of good and bad reports, of none, and of a directory without any") func fleets()
    throws
  {
    let scratch = try ScratchDirectory()
    let directory = scratch.file("reports")
    try Command.check("mkdir", directory, scratch.file("empty"))
    for scenario in try Scenario.all() {
      try Command.check("cp", "\(scenario.path)/audit.json", "\(directory)/\(scenario.testDescription).json")
    }
    try Command.check("sh", "-c", "echo '{\"schema_version\":\"1.0\",' > '\(directory)/'\"$(printf 'x\\377y.json')\"")
    let expected = try scratch.write("nowhere\n", to: "nodes.txt")
    try Self.printed(
      [
        ["fleet", directory, "--expect", expected], ["fleet", directory, "--max-age", "1000w"],
        ["fleet", scratch.file("empty")], ["fleet", "/nowhere.json"],
      ], "fleet", in: scratch)
  }

  @Test("what reclaim writes is valid: dry, done, refused, failed, bounded, stopped by nothing", .needsRootAndLoop)
  func reclaims() throws {
    let scratch = try ScratchDirectory()
    var files: [String] = []
    var seen: Set<ReclaimReport.Image.State> = []
    func run(_ arguments: String..., status: Int32 = 0) throws {
      let done = try Reclaim.run(arguments: arguments, status: status)
      seen.formUnion(done.report.filesystems.flatMap(\.images).map(\.state))
      files.append(try scratch.write(done.result.output, to: "reclaim\(files.count).json"))
    }
    let state = try StateFilesystem(label: "COS_STATE")
    try state.addImages(mebibytes: 32, contentMiB: 3)
    try state.mounted { mountpoint, _ in
      let strange = "\(mountpoint)/cOS/a\"b\nc.img"
      try Command.check("sh", "-c", "cat '\(mountpoint)/cOS/passive.img' > \"$1\"", "sh", strange)
      try Command.check("mount", "-o", "remount,ro", mountpoint)
      let passive = "\(mountpoint)/cOS/passive.img"
      try run(passive, strange)
      try run("--margin", "16M", "--recovery", passive)
      // Mounted read-only, and --remount not given.
      try run("--apply", passive, status: 3)
      let loop = try LoopDevice(image: passive, readOnly: true)
      try run("--apply", "--remount", "--verify", passive)
      try loop.detach()
      try run("--apply", passive)
      try Command.check("mount", "-o", "remount,rw", mountpoint)
      let writer = try LoopDevice(image: strange)
      try run("--apply", strange, status: 3)
      try run("--apply", "--force=writing", "--force=open", strange)
      try writer.detach()
      try run("/nowhere.img", status: 3)
    }
    for type in ["btrfs", "xfs", "tmpfs"] where Machine.mounts(type) {
      try LoopMount.withFilesystem(type, sizeMiB: 320) { mountpoint, _ in
        try Reclaim.makeStripes("\(mountpoint)/image", mebibytes: 8, stripe: 65536)
        if type != "tmpfs" {
          try Command.check("cp", "--reflink=always", "\(mountpoint)/image", "\(mountpoint)/shared")
        }
        try run("\(mountpoint)/image")
        try run("--apply", "--verify", "\(mountpoint)/image")
      }
    }
    // Its device is write-protected: --remount cannot help.
    let protected = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 64)
    try LoopMount.with(image: protected, type: "ext4") { mountpoint, _ in
      try Reclaim.makeStripes("\(mountpoint)/image", mebibytes: 8, stripe: 65536)
    }
    let device = try LoopDevice(image: protected, readOnly: true)
    let mount = try Mount(device: device.path, type: "ext4", options: ["ro"])
    try run("--apply", "--remount", "\(mount.mountpoint)/image", status: 3)
    try mount.unmount()
    try device.detach()
    #expect(seen == [.planned, .nothing, .done, .refused, .failed])
    try Self.check(files, "reclaim", in: scratch)
  }

  @Test("what copy writes is valid: sparse, shared, with a label or none, over another, what it could not keep")
  func copies() throws {
    let scratch = try ScratchDirectory()
    let image = scratch.file("image")
    try StateFilesystem.makeInner(try scratch.sparseFile("image", bytes: 16 << 20), in: scratch, contentMiB: 1)
    try Command.check("sh", "-c", "cp '\(image)' \"$1\"", "sh", "\(scratch.path)/a\"b\nc.img")
    var commands = [
      ["copy", image, scratch.file("plain")], ["copy", "--verify", image, scratch.file("plain")],
      ["copy", "--label", "COS_PASSIVE", "--verify", image, scratch.file("labelled")],
      ["copy", "--label", "", image, scratch.file("unlabelled")],
      ["copy", "\(scratch.path)/a\"b\nc.img", scratch.file("strange")],
    ]
    if Machine.mounts("tmpfs") { commands.append(["copy", "--verify", image, "/dev/shm/headroom-\(getpid()).copy"]) }
    defer { unlink("/dev/shm/headroom-\(getpid()).copy") }
    try Self.printed(commands, "copy", in: scratch)
    // A copy that failed says so, and is no document.
    let failed = try Headroom.run("copy", "--json", "/nowhere", scratch.file("none"))
    #expect(failed.status == 3 && failed.output.isEmpty)
    if Machine.mounts("btrfs") {
      try LoopMount.withFilesystem("btrfs", sizeMiB: 128) { mountpoint, _ in
        try Command.check("cp", image, "\(mountpoint)/image")
        try Self.printed(
          [["copy", "--reflink=always", "--verify", "\(mountpoint)/image", "\(mountpoint)/copy"]], "copy", in: scratch)
      }
    }
  }

  @Test("so are those of damaged images, hostile names and sizes beyond a double", .needsRootAndLoop)
  func damagedAndHostile() throws {
    let scratch = try ScratchDirectory()
    let state = try StateFilesystem()
    try state.addImages()
    try state.mounted { mountpoint, _ in
      // Of files' contents.
      for offset in ["8M", "16M"] {
        try Command.check(
          "fallocate", "--punch-hole", "-o", offset, "-l", "4M", "\(mountpoint)/cOS/passive.img")
      }
      for name in ["a\nb|c.img", "\"x\" <script>.img", "it's.img"] {
        try Command.check("cp", "--sparse=always", "\(mountpoint)/cOS/active.img", "\(mountpoint)/cOS/\(name)")
      }
      try Command.check(
        "sh", "-c", "cd '\(mountpoint)/cOS' && cp --sparse=always active.img \"$(printf 'x\\377y.img')\"")
      try Command.check("truncate", "-s", "3T", "\(mountpoint)/cOS/huge.img")
    }
    let label = state.label
    try Self.printed(
      [
        ["verify", "--disk", state.image], ["audit", "--disk", state.image],
        ["audit", "--quick", "--disk", state.image],
        ["verify", "--disk", state.image, "--label", label],
      ], "report", in: scratch)
    let report = try Headroom.report(Headroom.run("verify", "--json", "--disk", state.image))
    let states = Set(report.partitions.flatMap { $0.images ?? [] }.compactMap { $0.integrity?.state })
    #expect(states.isSuperset(of: [.clean, .damaged]), "\(states)")
    if Machine.mounts("tmpfs") {
      let huge = "/dev/shm/headroom-\(getpid()).img"
      defer { unlink(huge) }
      try Command.check("truncate", "-s", "9223372036854771712", huge)
      try Self.printed([["audit", "--image", huge, "--quick"]], "report", in: scratch)
      try Self.printed([["map", huge]], "map", in: scratch)
      #expect(try Headroom.run("map", "--json", huge).text.contains("\"apparent_bytes_s\":\"9223372036854771712\""))
    }
  }
}
