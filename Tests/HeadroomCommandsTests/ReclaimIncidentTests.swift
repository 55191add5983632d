import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// What Headroom was made for, from the plan that fails to the upgrade that succeeds.
@Suite(.needsRootAndLoop, .needsTool("sfdisk", "rsync"), .serialized)
struct ReclaimIncidentTests {
  /// How large the node is.
  enum Size: String, Sendable, CaseIterable {
    case scaled
    /// COS_STATE of 8 GiB, images of 3 GiB, of which the active one takes 1.7 and the passive one all.
    case real = "8 GiB"

    var node: [String] {
      switch self {
      case .scaled: []
      case .real:
        ["--image-size", "3072", "--content", "1600", "--state-size", "8192", "--recovery-size", "4096"]
      }
    }
    var margin: [String] { self == .scaled ? ["--margin", "16M"] : [] }
    var timeout: Duration { .seconds(self == .scaled ? 120 : 1200) }

    /// Why it cannot be tried; `nil`: it can.
    var missing: String? {
      guard self == .real else { return nil }
      guard LongProof.isWhole else { return "long: run with Tests/run --all" }
      let need: UInt64 = 24 << 30
      let place = ProcessInfo.processInfo.environment["HEADROOM_SCRATCH"] ?? "/tmp"
      var statistics = statvfs()
      guard statvfs(place, &statistics) == 0 else { return "statvfs of \(place) failed" }
      let free = UInt64(statistics.f_bavail) * UInt64(statistics.f_frsize)
      return free < need ? "needs 24 GiB in \(place) (HEADROOM_SCRATCH), where \(free >> 30) GiB are free" : nil
    }
  }

  @Test("a plan that fails names the image, digging it makes the plan fit, and the upgrade keeps every file")
  func aPlanThatFailsIsMadeToFit() throws { try prove(.scaled) }

  @Test(
    "the same at the size of a real node: 8 GiB of COS_STATE",
    .enabled(if: Size.real.missing == nil, "\(Size.real.missing ?? "")"))
  func theSameAtTheSizeOfARealNode() throws { try prove(.real) }

  private func prove(_ size: Size) throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch, arguments: size.node)
    let table = try Command.check("sfdisk", "-J", disk).output
    let state = try #require(
      JSONDecoder().decode(Table.self, from: Data(table)).partitiontable.partitions.first { $0.name == "state" })
    try LoopMount.with(
      image: disk, type: "ext4", options: ["ro"], offset: state.start * 512, size: state.size * 512
    ) { mountpoint, device in
      let plan = ["plan", "--device", device, "--json"] + size.margin
      let before = try Headroom.run(arguments: plan)
      #expect(before.status == 2)
      let failing = try #require(Headroom.report(before).projections.first { $0.upgrade == "system" })
      #expect(failing.outcome == .silentCorruption)
      #expect(failing.remedy == [Projection.WhatIf.digHoles("cOS/passive.img")])

      let passive = "\(mountpoint)/cOS/passive.img"
      let advice = try #require(Headroom.report(before).findings(.upgradeSpace).first?.remedy)
      #expect(advice.hasPrefix("headroom reclaim --apply --remount --verify \(passive)\n"))
      let content = try Reclaim.checksum(passive)
      let dry = try Reclaim.run(passive, timeout: size.timeout)
      let done = try Reclaim.run("--apply", "--remount", "--verify", passive, timeout: size.timeout)
      #expect(try Reclaim.checksum(passive) == content)
      // What the dry run says of the upgrade is what comes.
      let foretold = try #require(dry.filesystem.projectionsAfter?.first { $0.upgrade == "system" })
      let came = try #require(done.filesystem.projectionsAfter?.first { $0.upgrade == "system" })
      #expect(try dry.filesystem.projectionsBefore?.first { $0.upgrade == "system" }?.outcome == .silentCorruption)
      let difference = try #require(foretold.headroomBytes) - #require(came.headroomBytes)
      // A block of extents at most.
      #expect((.zero ... .kibibytes(4)).contains(difference))
      #expect(foretold.outcome == came.outcome)
      #expect(try done.filesystem.remounted == true)

      let after = try Headroom.run(arguments: plan)
      #expect(after.status == 0, "\(after)")
      try Command.check("mount", "-o", "remount,rw", mountpoint)
      try upgrade(mountpoint, size)
    }
  }

  /// As elemental does it: the tree unpacked beside the image, the image written from it, the tree removed.
  private func upgrade(_ state: String, _ size: Size) throws {
    let tree = "\(state)/cOS/transition.imgTree"
    let image = "\(state)/cOS/transition.img"
    try LoopMount.with(image: "\(state)/cOS/active.img", type: "ext2", readOnly: true) { system, _ in
      try Command.check("rsync", "--archive", "--xattrs", "\(system)/", "\(tree)/", timeout: size.timeout)
      try Command.check("truncate", "-s", "3G", image)
      try Command.check("mkfs.ext2", "-q", "-L", "COS_ACTIVE", image)
      try LoopMount.with(image: image, type: "ext2") { inner, _ in
        _ = try Command.check("rsync", "--archive", "--xattrs", "\(tree)/", "\(inner)/", timeout: size.timeout)
      }
      try Command.check("rm", "-r", tree)
      try Command.check("sync", "-f", state)
      try "3".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
      try LoopMount.with(image: image, type: "ext2", readOnly: true) { inner, _ in
        let differences = try Command.run(
          "diff", "--recursive", "--no-dereference", "--exclude=lost+found", system, inner, timeout: size.timeout)
        #expect(differences.status == 0, "\(differences)")
      }
    }
    try Command.check("mv", "\(state)/cOS/active.img", "\(state)/cOS/passive.img")
    try Command.check("mv", image, "\(state)/cOS/active.img")
    let verified = try Headroom.run("verify", "\(state)/cOS/active.img", timeout: size.timeout)
    #expect(verified.status == 0, "\(verified)")
  }

  private struct Table: Decodable {
    struct Partitions: Decodable { var partitions: [Partition] }
    struct Partition: Decodable {
      var name: String?
      var start: Int
      var size: Int
    }
    var partitiontable: Partitions
  }

  @Test("by label all images are looked at, and only what gives something back is dug")
  func byLabelAllImagesAreLookedAt() throws {
    let state = try StateFilesystem()
    try state.addImages()
    try state.mounted(options: ["ro"]) { mountpoint, _ in
      let dry = try Reclaim.run("--label", state.label)
      let states = try dry.filesystem.images.map { ($0.path.display, $0.state) }.sorted { $0.0 < $1.0 }
      #expect(states.map(\.0) == ["\(mountpoint)/cOS/active.img", "\(mountpoint)/cOS/passive.img"])
      #expect(states.map(\.1) == [.nothing, .planned])
      let done = try Reclaim.run("--label", state.label, "--apply", "--remount", "--verify")
      let filesystem = try done.filesystem
      let gained = try #require(filesystem.freeAfter) - filesystem.freeBefore
      #expect(abs(gained.bytes - filesystem.gain.bytes) <= filesystem.gain.bytes / 1000)
      #expect(filesystem.label == state.label)
      #expect(try Headroom.audit("--label", state.label).image("cOS/passive.img").reclaimableBytes == .zero)
    }
    #expect(try Headroom.run("reclaim", "--label", "NOSUCHLABEL").status == 3)
  }

  @Test("a filesystem without a free block can be dug", arguments: ["1024", "4096"])
  func aFilesystemWithoutAFreeBlockCanBeDug(block: String) throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100, mkfsArguments: ["-b", block]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 32, stripe: 4096)
      let content = try Reclaim.checksum(image)
      _ = try Command.run("dd", "if=/dev/zero", "of=\(mountpoint)/ballast", "bs=1M", "conv=fsync", "status=none")
      _ = try Command.run("dd", "if=/dev/zero", "of=\(mountpoint)/rest", "bs=1k", "conv=fsync", "status=none")
      let done = try Reclaim.run("--apply", "--verify", image)
      #expect(try done.image.state == .done)
      #expect(try Reclaim.checksum(image) == content)
    }
  }

  /// A dig that was broken off leaves zeros behind its holes, as lost writes before a copy could.
  @Test("a system image that was dug in part is dug on, though verify cannot tell") func aSystemImageThatWasDugInPart()
    throws
  {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    // Not this machine's: other tests have loop devices of the same size fail.
    let log = ["--kernel-log", try scratch.write("[    0.000000] Linux version 6.4.0\n", to: "kernel.log")]
    // Files with zeros in the middle.
    for number in 0..<64 {
      try Reclaim.makeStripes("\(tree)/file\(number)", mebibytes: 1, stripe: 64 << 10)
    }
    try LoopMount.withFilesystem("ext4", sizeMiB: 300, mkfsArguments: ["-b", "4096"]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      let inner = try scratch.sparseFile("inner.img", bytes: 96 << 20)
      try Command.check("mkfs.ext2", "-q", "-F", "-b", "4096", inner)
      // Not with `mkfs -d`, which makes the files sparse.
      try LoopMount.with(image: inner, type: "ext2") { system, _ in
        _ = try Command.check("cp", "--recursive", "--sparse=never", "\(tree)/.", system)
      }
      try Command.check("cp", "--sparse=never", inner, image)
      #expect(try Headroom.run(arguments: ["verify", image] + log).status == 0)
      try Command.check("fallocate", "--dig-holes", "--offset", "0", "--length", "\(40 << 20)", image)
      #expect(try Headroom.run(arguments: ["verify", image] + log).status == 2)
      let done = try Reclaim.run("--apply", "--verify", image)
      #expect(try done.image.state == .done)
      let verified = try Headroom.run(arguments: ["verify", image] + log)
      #expect(verified.status == 0, "\(verified)\n\(done.result)")

      // The other way round the holes cannot have been dug.
      try Command.check("cp", "--sparse=never", inner, image)
      try Command.check("fallocate", "--dig-holes", "--offset", "\(40 << 20)", "--length", "\(20 << 20)", image)
      let refused = try Reclaim.run("--apply", image, status: 3)
      #expect(try refused.image.objections.map(\.reason) == [.damaged])
    }
  }
}
