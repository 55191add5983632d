import Foundation
import SpaceReport
import TestSupport
import Testing

/// What is wrong with a payload, a size, a profile or a report is said, and never answered with "it fits".
@Suite(.needsTool("mksquashfs", "genisoimage", "mke2fs", "perl")) struct PlanBadInputTests {
  private struct Place {
    let scratch: ScratchDirectory
    let state: String

    init() throws {
      scratch = try ScratchDirectory()
      state = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 900, mkfsArguments: ["-L", "COS_STATE"])
    }

    func plan(_ arguments: String...) throws -> Command.Result { try plan(arguments: arguments) }

    func plan(arguments: [String]) throws -> Command.Result {
      try Headroom.run(arguments: ["plan", "--disk", state, "--margin", "0"] + arguments)
    }
  }

  private func expect(
    _ result: Command.Result, status: Int32, says words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == status, "\(result)", sourceLocation: sourceLocation)
    #expect(!result.text.contains("OK TO UPGRADE"), "\(result)", sourceLocation: sourceLocation)
    let all = result.text + result.errors
    for word in words { #expect(all.contains(word), "\(result)", sourceLocation: sourceLocation) }
  }

  @Test("a payload that is none, or not whole") func aPayloadThatIsNone() throws {
    let place = try Place()
    let tree = try PayloadTree(in: place.scratch, files: 200)
    #expect(try place.plan("--incoming", tree.path).status == 0)
    let squashfs = try tree.squashfs("a.squashfs")
    for bytes in [0, 50, 96, 4096, 200_000] {
      let cut = place.scratch.file("cut-\(bytes)")
      try Command.check("cp", squashfs, cut)
      try Command.check("truncate", "-s", "\(bytes)", cut)
      expect(try place.plan("--incoming", cut), status: 3, says: "cut-\(bytes)")
    }
    let ext = try tree.ext("whole.img")
    #expect(try place.plan("--incoming", ext).status == 0)
    for bytes in [1, 4096, 50 << 20] {
      let cut = place.scratch.file("cut.img")
      try Command.check("cp", "--sparse=always", ext, cut)
      try Command.check("truncate", "-s", "-\(bytes)", cut)
      expect(try place.plan("--incoming", cut), status: 3, says: "cut.img")
    }
    let text = try place.scratch.write("hello, this is no payload\n", to: "notes.txt")
    expect(try place.plan("--incoming", text), status: 3, says: "notes.txt")
    expect(try place.plan("--incoming", place.scratch.file("nowhere")), status: 3, says: "nowhere")
    expect(try place.plan("--incoming", try place.scratch.directory("bare")), status: 3)
    let archive = place.scratch.file("root.tar.gz")
    try Command.check("tar", "-C", tree.path, "-czf", archive, ".")
    expect(try place.plan("--incoming", archive), status: 3, says: "tar ")
    expect(try place.plan("--incoming", "registry.suse.com/rancher/harvester-os:v1.8.1"), status: 3, says: "hint:")
    let disk = try Products.nodeDisk(in: place.scratch)
    expect(try place.plan("--incoming", disk), status: 3)
    let empty = try place.scratch.directory("iso")
    try Command.check("cp", text, "\(empty)/readme.txt")
    let iso = place.scratch.file("empty.iso")
    try Command.check("genisoimage", "-quiet", "-R", "-o", iso, empty)
    expect(try place.plan("--incoming", iso), status: 3, says: "empty.iso", "rootfs.squashfs")
  }

  @Test("a compression that is not built in is named") func aCompressionThatIsNotBuiltIn() throws {
    let place = try Place()
    let tree = try PayloadTree(in: place.scratch, files: 20)
    let squashfs = try tree.squashfs("a.squashfs", ["-comp", "lzo"])
    let result = try place.plan("--incoming", squashfs)
    expect(result, status: 3, says: "lzo")
  }

  @Test("another product, architecture or release") func anotherProduct() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("harvester-1.8-upgraded-15g", in: scratch)
    func plan(_ arguments: String...) throws -> Command.Result {
      try Headroom.run(arguments: ["plan", "--disk", disk, "--margin", "0"] + arguments)
    }
    let own = try PayloadTree(in: scratch, name: "own", version: "v1.8.1", files: 50)
    let result = try plan("--incoming", own.path)
    #expect(result.status == 0, "\(result)")
    let other = try PayloadTree(in: scratch, name: "other", product: "Kairos", files: 50)
    try "ID=kairos\nKAIROS_VERSION=v3.2.0\nPRETTY_NAME=\"Kairos v3.2.0\"\n".write(
      toFile: "\(other.path)/etc/os-release", atomically: false, encoding: .utf8)
    expect(try plan("--incoming", other.path), status: 3, says: "kairos")
    expect(try plan("--incoming", own.path, "--to", "v1.8.2"), status: 3, says: "v1.8.1", "v1.8.2")
    expect(try plan("--to", "v9.0.0"), status: 3, says: "v9.0.0")
  }

  @Test("a program of another architecture, on a node whose own is known", .needsRootAndLoop)
  func anotherArchitecture() throws {
    let state = try StateFilesystem(label: "COS_STATE", sizeMiB: 600)
    try state.mounted { _, device in
      let tree = try PayloadTree(in: state.scratch, files: 20)
      var program = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(tree.path)/usr/bin/bash")))
      // e_machine: S/390 in a little-endian file will do; no node of ours is one.
      program[18] = 22
      program[19] = 0
      try Data(program).write(to: URL(fileURLWithPath: "\(tree.path)/usr/bin/bash"))
      let result = try Headroom.run("plan", "--device", device, "--incoming", tree.path, "--margin", "0")
      expect(result, status: 3, says: "s390")
    }
  }

  @Test(
    "sizes, releases and profiles that are none are wrong usage",
    arguments: [
      ["--incoming-size", "-1"], ["--incoming-size", "10Q"], ["--incoming-size", "0"], ["--incoming-size", ""],
      ["--image-size", "big"], ["--margin", "-5%"], ["--margin", "101%"], ["--to", "newest"], ["--profile", "windows"],
      ["--incoming", ""], ["--save-payload", "x.json"], ["--incoming", "a", "--incoming-size", "1G"],
      ["--report", "x.json"],
    ])
  func wrongUsage(arguments: [String]) throws {
    let result = try Headroom.run(arguments: ["plan", "--disk", "never-opened.img"] + arguments)
    expect(result, status: 64)
    #expect(!result.errors.isEmpty)
  }

  @Test("a profile's file with a mistake is named with its line") func aProfilesFileWithAMistake() throws {
    let place = try Place()
    let file = try place.scratch.write("{\n  \"format\": 1,\n  \"nmae\": \"x\"\n}\n", to: "p.json")
    expect(try place.plan("--profile", "mine=\(file)"), status: 3, says: "p.json", "line")
    expect(try place.plan("--profile", "mine=\(place.scratch.file("no.json"))"), status: 3, says: "no.json")
  }

  @Test("a report that is none, and a card where a report belongs") func aReportThatIsNone() throws {
    let place = try Place()
    let text = try place.scratch.write("not json", to: "r.json")
    expect(try Headroom.run("plan", "--report", text), status: 3, says: "r.json")
    let tree = try PayloadTree(in: place.scratch, files: 20)
    let card = place.scratch.file("card.json")
    _ = try place.plan("--incoming", tree.path, "--save-payload", card)
    expect(try Headroom.run("plan", "--report", card), status: 3, says: "payload card")
    let report = place.scratch.file("audit.json")
    _ = try Headroom.run("audit", "--disk", place.state, "--json", "--output-file", report)
    expect(try place.plan("--incoming", report), status: 3, says: "audit.json")
    expect(try place.plan("--incoming", text), status: 3)
  }

  @Test("a partition that cannot be read is no answer") func aPartitionThatCannotBeRead() throws {
    let place = try Place()
    let tree = try PayloadTree(in: place.scratch, files: 20)
    try Command.check(
      "dd", "if=/dev/urandom", "of=\(place.state)", "bs=4096", "seek=1", "count=400", "conv=notrunc", "status=none")
    let result = try place.plan("--incoming", tree.path)
    #expect(result.status == 3, "\(result)")
    #expect(!result.text.contains("OK TO UPGRADE"))
  }

  @Test("nothing that is read is written over") func nothingThatIsReadIsWrittenOver() throws {
    let place = try Place()
    let tree = try PayloadTree(in: place.scratch, files: 20)
    let squashfs = try tree.squashfs("a.squashfs")
    let report = place.scratch.file("audit.json")
    _ = try Headroom.run("audit", "--disk", place.state, "--json", "--output-file", report)
    let profile = place.scratch.file("own.json")
    try Command.check("cp", "\(Products.root)/Sources/UpgradeProjection/Profiles/harvester.json", profile)
    let inputs = [place.state, squashfs, report, profile]
    let before = try Command.check("sha256sum", arguments: inputs).text
    for input in inputs {
      for option in ["--save-payload", "--output-file"] {
        let words = ["--incoming", squashfs, "--profile", "own=\(profile)", option, input]
        if input != report { expect(try place.plan(arguments: words), status: 3, says: "write to '\(input)'") }
        if input == place.state { continue }
        let fromReport = try Headroom.run(arguments: ["plan", "--report", report] + words)
        expect(fromReport, status: 3, says: "write to '\(input)'")
      }
    }
    #expect(try Command.check("sha256sum", arguments: inputs).text == before)
  }

  @Test("a payload of which a directory cannot be read is no smaller payload", .needsRoot, .needsTool("strace"))
  func aPayloadOfWhichADirectoryCannotBeRead() throws {
    let place = try Place()
    let tree = try PayloadTree(in: place.scratch, files: 200)
    #expect(try place.plan("--incoming", tree.path).status == 0)
    let large = "\(tree.path)/usr/share/many"
    // The kernel gives its names, and then an error in place of the end.
    let failing = try Command.run(
      "strace",
      arguments: [
        "-f", "-qq", "-o", "/dev/null", "-P", large, "-e", "trace=getdents64", "-e",
        "inject=getdents64:error=EIO:when=2", try Products.headroom(), "plan", "--disk", place.state, "--margin", "0",
        "--incoming", tree.path,
      ], environment: Headroom.environment)
    expect(failing, status: 3, says: "usr/share/many", "readdir")
    try Command.check("chmod", "700", large)
    try Command.check("chmod", "a+r", place.state)
    let forbidden = try Headroom.run(
      "plan", "--disk", place.state, "--margin", "0", "--incoming", tree.path, asUser: Machine.ordinaryUser)
    expect(forbidden, status: 3, says: "usr/share/many")
  }
}
