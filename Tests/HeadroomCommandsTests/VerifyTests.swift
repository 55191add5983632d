import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// `headroom verify` and the quick part in `audit`, on images a real kernel wrote.
@Suite(.needsRootAndLoop, .needsTool("rsync", "mkfs.ext2")) struct VerifyTests {
  /// A tree copied into a sparse image on a partition, as an upgrade does it.
  private struct Written {
    let scratch: ScratchDirectory
    let tree: PayloadTree
    let state: String

    /// - Parameter short: So many MiB too few lie under the image.
    init(shortByMiB short: Int?) throws {
      scratch = try ScratchDirectory()
      tree = try PayloadTree(in: scratch, files: 2000)
      // A file of zeros that was lost reads as it should: only its payload tells.
      try Command.check("rm", "\(tree.path)/var/sparse")
      try Command.check("dd", "if=/dev/urandom", "of=\(tree.path)/usr/zz-last", "bs=1M", "count=48", "status=none")
      state = try LoopMount.makeFilesystem(
        "ext4", in: scratch, sizeMiB: 400, mkfsArguments: ["-L", "COS_STATE", "-m", "0"])
      let (scratch, tree, state) = (scratch, tree, state)
      try LoopMount.with(image: state, type: "ext4") { mountpoint, _ in
        try Command.check("mkdir", "\(mountpoint)/cOS")
        let image = "\(mountpoint)/cOS/active.img"
        try Command.check("truncate", "-s", "320M", image)
        try Command.check("mkfs.ext2", "-q", "-F", "-b", "4096", "-L", "COS_ACTIVE", image)
        if let short {
          let needed = try Self.needed(tree.path, in: scratch)
          let free = try Self.usable(mountpoint)
          try Command.check("fallocate", "-l", "\(free - needed + short << 20)", "\(mountpoint)/ballast")
        }
        _ = try LoopMount.with(image: image, type: "ext2") { inner, _ in
          _ = try Command.run("rsync", arguments: ["--archive", "\(tree.path)/", inner], timeout: .seconds(300))
        }
        _ = try Command.run("sync", "-f", mountpoint)
      }
    }

    /// What the image takes where there is room.
    private static func needed(_ tree: String, in scratch: ScratchDirectory) throws -> Int {
      let image = try scratch.sparseFile("whole.img", bytes: 320 << 20)
      try Command.check("mkfs.ext2", "-q", "-F", "-b", "4096", image)
      _ = try LoopMount.with(image: image, type: "ext2") { inner, _ in
        try Command.check("rsync", arguments: ["--archive", "\(tree)/", inner], timeout: .seconds(300))
      }
      try Command.check("sync", image)
      let blocks = try Command.check("stat", "-c", "%b", image).text
      return (Int(blocks.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) * 512
    }

    private static func usable(_ mountpoint: String) throws -> Int {
      let text = try Command.check("stat", "-f", "-c", "%f %S %b", mountpoint).text
      let parts = text.split(separator: " ").compactMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      return parts[0] * parts[1] - min(parts[2] / 50, 4096) * parts[1]
    }
  }

  @Test("an image with enough room is clean, and its payload says so too") func enoughRoom() throws {
    let written = try Written(shortByMiB: nil)
    let result = try Headroom.run("verify", "--disk", written.state)
    #expect(result.status == 0, "\(result)")
    #expect(result.text.contains("CLEAN"))
    let against = try Headroom.run("verify", "--disk", written.state, "--against", written.tree.path)
    #expect(against.status == 0, "\(against)")
    #expect(try Headroom.audit("--disk", written.state, "--margin", "0").findings(.imageLostWrites) == [])
  }

  @Test(
    "an image that was short is damaged, whatever it was short by, and no whole file is named", arguments: [1, 5, 40])
  func tooLittleRoom(short: Int) throws {
    let written = try Written(shortByMiB: short)
    let result = try Headroom.run("verify", "--disk", written.state, "--json")
    #expect(result.status == 2, "\(result)")
    let report = try Headroom.report(result)
    let integrity = try #require(try report.image("cOS/active.img").integrity)
    #expect(integrity.state == .damaged)
    #expect((integrity.lostBytes ?? .zero) > .zero)
    let exact = try Headroom.report(
      Headroom.run("verify", "--disk", written.state, "--json", "--against", written.tree.path))
    let damaged = Set((try exact.image("cOS/active.img").integrity?.files ?? []).map(\.path))
    for file in integrity.files ?? [] where file.suspect != true {
      #expect(damaged.contains(file.path), "\(file.path.display) is whole")
    }
    #expect(report.findings(.imageLostWrites).map(\.severity) == [.critical])
    // The quick part reads no data and still sees what no digging explains.
    let audit = try Headroom.audit("--disk", written.state, "--margin", "0")
    let quick = try #require(try audit.image("cOS/active.img").integrity)
    #expect(quick.state == .damaged || quick.isUndecided == true, "\(quick)")
  }

  @Test("a single byte that was flipped is found by the payload") func aFlippedByte() throws {
    let written = try Written(shortByMiB: nil)
    try LoopMount.with(image: written.state, type: "ext4") { mountpoint, _ in
      try LoopMount.with(image: "\(mountpoint)/cOS/active.img", type: "ext2") { inner, _ in
        try Command.check(
          "sh", "-c", "printf X | dd of=\(inner)/usr/large-2 bs=1 seek=1234567 conv=notrunc status=none")
        try Command.check("touch", "-r", "\(written.tree.path)/usr/large-2", "\(inner)/usr/large-2")
      }
    }
    #expect(try Headroom.run("verify", "--disk", written.state).status == 0)
    let result = try Headroom.run("verify", "--disk", written.state, "--against", written.tree.path)
    #expect(result.status == 2, "\(result)")
    #expect(result.text.contains("/usr/large-2"))
  }

  @Test("a mounted image that runs is judged as it is offline", arguments: [nil, 5])
  func liveAsOffline(short: Int?) throws {
    let written = try Written(shortByMiB: short)
    let offline = try Headroom.report(Headroom.run("verify", "--disk", written.state, "--json"))
    let live = try LoopMount.with(image: written.state, type: "ext4", options: ["ro"]) { mountpoint, device in
      try LoopMount.with(image: "\(mountpoint)/cOS/active.img", type: "ext2", options: ["ro"], readOnly: true) { _, _ in
        try Headroom.report(Headroom.run("verify", "--device", device, "--json"))
      }
    }
    #expect(try live.image("cOS/active.img").inUse != nil)
    #expect(try live.image("cOS/active.img").integrity == offline.image("cOS/active.img").integrity)
    #expect(live.verdict == offline.verdict)
  }

  @Test("modes and owners are compared where that is asked") func attributes() throws {
    let written = try Written(shortByMiB: nil)
    try LoopMount.with(image: written.state, type: "ext4") { mountpoint, _ in
      _ = try LoopMount.with(image: "\(mountpoint)/cOS/active.img", type: "ext2") { inner, _ in
        try Command.check("chmod", "4711", "\(inner)/usr/large-3")
      }
    }
    let words = ["verify", "--disk", written.state, "--against", written.tree.path]
    #expect(try Headroom.run(arguments: words).status == 0)
    let result = try Headroom.run(arguments: words + ["--attributes"])
    #expect(result.status == 2, "\(result)")
    #expect(result.text.contains("/usr/large-3: mode"), "\(result)")
  }

  @Test("what digging could explain is a loss where the twin has data", .needsTool("debugfs", "partx"))
  func theTwinHasData() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("harvester-1.4.2-fresh", in: scratch)
    #expect(try Headroom.run("verify", "--disk", disk).status == 0)
    let active = "cOS/active.img"
    let whole = try Headroom.map("--disk", disk, "--label", "COS_STATE", active)
    // A data extent of the image, away from its ends, is gone.
    let extent = try #require(whole.extents.last { $0.kind == "data" && $0.length_bytes > 4 << 20 })
    let state = try Headroom.audit("--disk", disk, "--margin", "0").partition("COS_STATE")
    let device = try Command.check("losetup", "--find", "--show", "--partscan", disk).text
      .trimmingCharacters(in: .whitespacesAndNewlines)
    defer { _ = try? Command.run("losetup", "--detach", device) }
    _ = try Command.run("partx", "--add", device)
    let number = String(state.device.display.split(separator: "#").last ?? "")
    let mountpoint = try scratch.directory("mount")
    try Command.check("mount", "\(device)p\(number)", mountpoint)
    try Command.check(
      "fallocate", "--punch-hole", "--offset", "\((extent.start_bytes / 1_048_576 + 2) * 1_048_576)", "--length",
      "65536",
      "\(mountpoint)/\(active)")
    try Command.check("umount", mountpoint)
    _ = try Command.run("partx", "--delete", device)
    let result = try Headroom.run("verify", "--disk", disk, "--json")
    #expect(result.status == 2, "\(result)")
    let integrity = try #require(try Headroom.report(result).image(active).integrity)
    #expect(integrity.state == .damaged)
    #expect(integrity.files?.contains { $0.intactCopy == "cOS/passive.img" } == true, "\(integrity)")
  }
}
