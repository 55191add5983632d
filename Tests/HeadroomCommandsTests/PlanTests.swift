import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

@Suite(.needsTool("mke2fs", "sfdisk", "mkfs.vfat")) struct PlanTests {
  private static let clock = ["SOURCE_DATE_EPOCH": "1700000000"]

  @Test(
    "a plan from a saved report equals the plan on the disk",
    arguments: [
      "harvester-1.4.0-fresh", "harvester-1.8-upgraded-15g", "kairos-fresh", "elemental-v2", "interrupted-upgrade",
    ])
  func aPlanFromASavedReportEqualsThePlanOnTheDisk(scenario: String) throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(scenario, in: scratch)
    let tree = try PayloadTree(in: scratch, files: 300)
    let saved = scratch.file("audit.json")
    _ = try Headroom.run("audit", "--disk", disk, "--json", "--output-file", saved, environment: Self.clock)
    for arguments in [
      ["--margin", "8M"], ["--margin", "5%", "--incoming", tree.path], ["--incoming-size", "60M", "--recovery"],
      ["--to", "v1.9.9", "--require-payload"], ["--profile", "kairos"],
    ] {
      for form in [["--json"], []] {
        let fromDisk = try Headroom.run(
          arguments: ["plan", "--disk", disk] + arguments + form, environment: Self.clock)
        let fromReport = try Headroom.run(
          arguments: ["plan", "--report", saved] + arguments + form, environment: Self.clock)
        #expect(fromDisk.status == fromReport.status)
        #expect(fromDisk.text == fromReport.text, "\(arguments)")
        #expect(!fromDisk.text.isEmpty)
      }
    }
  }

  @Test("the same of a mounted partition, read through its mount", .needsRootAndLoop)
  func theSameOfAMountedPartition() throws {
    let state = try StateFilesystem(label: "COS_STATE", sizeMiB: 256)
    try state.addImages(mebibytes: 48, contentMiB: 8)
    try state.mounted { _, device in
      let saved = state.scratch.file("audit.json")
      _ = try Headroom.run("audit", "--device", device, "--json", "--output-file", saved, environment: Self.clock)
      let live = try Headroom.run("plan", "--device", device, "--margin", "4M", environment: Self.clock)
      let replayed = try Headroom.run("plan", "--report", saved, "--margin", "4M", environment: Self.clock)
      #expect(live.text == replayed.text)
      #expect(live.text.contains("mount -o remount") == false, "it is mounted writable")
      #expect(live.status == replayed.status)
    }
  }

  @Test("a disk that was copied while it was written to may fail and never fits", .needsRootAndLoop)
  func aDiskCopiedWhileItWasWrittenTo() throws {
    let state = try StateFilesystem(label: "COS_STATE", sizeMiB: 600)
    try state.addImages(mebibytes: 48, contentMiB: 8)
    let copy = state.scratch.file("copied.img")
    try state.mounted { mountpoint, _ in
      let loop = "while :; do dd if=/dev/urandom of=\(mountpoint)/w bs=64K count=64 status=none; done"
      let writer = try Command.start("sh", arguments: ["-c", loop])
      defer {
        writer.signal(SIGKILL, wholeGroup: true)
        _ = try? writer.finish()
      }
      try Command.check("sleep", "0.5")
      try Command.check("cp", "--sparse=always", state.image, copy)
    }
    let report = try Headroom.report(Headroom.run("plan", "--json", "--disk", copy, "--margin", "0"))
    #expect(report.verdict == .unknown)
    #expect(report.limits.contains { $0.id == "journal-not-replayed" })
    #expect(report.projections.map(\.outcome) == [.unknown])
    #expect(report.projections.first?.needBytes != nil, "the figures are there all the same")
    let text = try Headroom.run("plan", "--disk", copy, "--margin", "0")
    #expect(text.status == 3)
    #expect(!text.text.contains("OK TO UPGRADE"))
    // What fails by the bitmaps fails.
    let failing = try Headroom.run("plan", "--disk", copy, "--incoming-size", "2GiB")
    #expect(failing.status == 2, "\(failing)")
    // The same filesystem, unmounted, fits.
    #expect(try Headroom.run("plan", "--disk", state.image, "--margin", "0").status == 0)
  }

  @Test("allocation units that are not among the usual ones are counted for")
  func unusualAllocationUnits() throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem(
      "ext4", in: scratch, sizeMiB: 600, mkfsArguments: ["-O", "bigalloc", "-C", "65536", "-L", "COS_STATE"])
    let tree = try PayloadTree(in: scratch, files: 300)
    let second = try ScratchDirectory()
    let small = try LoopMount.makeFilesystem("ext4", in: second, sizeMiB: 600, mkfsArguments: ["-L", "COS_STATE"])
    func need(_ image: String) throws -> Int64 {
      let report = try Headroom.report(
        Headroom.run("plan", "--json", "--disk", image, "--incoming", tree.path))
      return try #require(report.projections.first?.basis?.treeBytes?.bytes)
    }
    #expect(try need(image) > need(small) + 300 * 16384)
  }

  @Test("on a desk without a node, measuring a payload and saving its card is all that is done")
  func onADeskWithoutANode() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, files: 50)
    let card = scratch.file("card.json")
    let root = try scratch.directory("empty-node")
    let words = ["plan", "--incoming", tree.path, "--save-payload", card]
    // The machine the tests run on may be anything, and other tests have nodes mounted: this one has no device at all.
    try Command.check("mkdir", "-p", "\(root)/sys/class/block")
    let result = try Headroom.run(arguments: words, environment: ["HEADROOM_SYSROOT": root])
    #expect(result.status == 0, "\(result)")
    let saved = try PayloadCard.decode(
      Array(Data(contentsOf: URL(fileURLWithPath: card))), path: FilePath(card), operation: "read")
    #expect(saved.payload.system.osName == "Harvester v1.4.1")
    // Tree and image for each block size, as a node with such a partition would project them.
    #expect(saved.profile == "harvester" && saved.sizes.map(\.blockBytes.bytes) == [1024, 2048, 4096])
    #expect(saved.sizes.allSatisfy { $0.imageBytes ?? .zero > .zero && $0.nominalImageBytes == .gibibytes(3) })
    let state = try LoopMount.makeFilesystem(
      "ext4", in: scratch, sizeMiB: 600, mkfsArguments: ["-b", "4096", "-L", "COS_STATE"])
    let plan = try Headroom.report(
      Headroom.run("plan", "--json", "--disk", state, "--profile", "harvester", "--incoming", card))
    let basis = try #require(plan.projections.first?.basis)
    #expect(basis.treeBytes == saved.sizes.last?.treeBytes && basis.imageBytes == saved.sizes.last?.imageBytes)
    #expect(result.text.hasPrefix("\(tree.path): Harvester v1.4.1, "), "\(result)")
    #expect(result.text.contains("\n\(saved.payload.census.inodes) inodes, "), "\(result)")
    // A root that is named is to be planned for, and there the answer is that nothing can be said.
    try Command.check("rm", card)
    let named = try Headroom.run(arguments: words + ["--sysroot", root])
    #expect(named.status == 3, "\(named)")
    #expect(FileManager.default.fileExists(atPath: card))
  }

  @Test("a Kairos file: source is projected from the image itself") func aKairosFileSource() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("kairos-fresh", in: scratch)
    let tree = try PayloadTree(in: scratch, files: 100)
    try "ID=kairos\nKAIROS_VERSION=v3.2.0\nPRETTY_NAME=\"Kairos v3.2.0\"\n".write(
      toFile: "\(tree.path)/etc/os-release", atomically: false, encoding: .utf8)
    let image = try tree.ext("a.img")
    let report = try Headroom.report(
      Headroom.run("plan", "--json", "--disk", disk, "--margin", "0", "--incoming", image))
    let projection = try #require(report.projections.first)
    #expect(projection.needBytes == .mebibytes(256), "the whole image, written out")
  }

  @Test("a disk's node is what its active image says, whatever release its recovery image keeps")
  func aDisksNode() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("harvester-1.8-upgraded-15g", in: scratch)
    let report = try Headroom.audit("--disk", disk, "--margin", "1M")
    #expect(report.host.productVersion == "v1.8.0")
  }

  @Test("a part of a node is no plan, and an image alone is none") func aPartOfANode() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let part = try Headroom.run("plan", "--disk", disk, "--label", "COS_PERSISTENT")
    #expect(part.status == 3, "\(part)")
    #expect(!part.text.contains("OK TO UPGRADE"))
    let audit = try Headroom.run("audit", "--disk", disk, "--label", "COS_PERSISTENT")
    #expect(!audit.text.contains("OK TO UPGRADE"), "\(audit)")
    #expect(try Headroom.run("plan", "--image", disk).status == 64)
  }

  @Test("the same without a journal: what was not unmounted is known by its mark", .needsRootAndLoop)
  func copiedInUseWithoutAJournal() throws {
    let state = try StateFilesystem(label: "COS_STATE", sizeMiB: 600, mkfsArguments: ["-O", "^has_journal"])
    try state.addImages(mebibytes: 48, contentMiB: 8)
    let copy = state.scratch.file("copied.img")
    try state.mounted { mountpoint, _ in
      try Command.check("dd", "if=/dev/urandom", "of=\(mountpoint)/w", "bs=1M", "count=200", "status=none")
      try Command.check("cp", "--sparse=always", state.image, copy)
    }
    let report = try Headroom.report(Headroom.run("plan", "--json", "--disk", copy, "--margin", "0"))
    #expect(report.projections.map(\.outcome) == [.unknown])
    #expect(report.limits.contains { $0.id == "journal-not-replayed" })
  }

  @Test("a device has the product and the release of its images, not of this machine", .needsRootAndLoop)
  func aDevicesProduct() throws {
    let state = try StateFilesystem(label: "COS_STATE", sizeMiB: 600)
    try state.addImages(mebibytes: 48, contentMiB: 8)
    let offline = try Headroom.audit("--disk", state.image)
    let live = try state.mounted { _, device in try Headroom.audit("--device", device) }
    #expect(live.host.product == "harvester" && live.host.productVersion == "v1.4.0")
    #expect(live.projections.map(\.profile) == offline.projections.map(\.profile))
    #expect(live.projections.map(\.needBytes) == offline.projections.map(\.needBytes))
  }
}
