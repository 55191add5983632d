import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// Images that no longer look like any, and images that were named and hold none.
@Suite(.needsTool("mke2fs", "mksquashfs", "fallocate")) struct VerifyUnreadableTests {
  /// A small image with copies of its superblock, and what is made of it.
  private struct Images {
    let scratch: ScratchDirectory
    let good: String
    let tree: String

    init() throws {
      scratch = try ScratchDirectory()
      tree = try scratch.directory("tree")
      _ = try scratch.directory("tree/etc")
      try scratch.write("ID=harvester\nPRETTY_NAME=\"Harvester v1.4.0\"\n", to: "tree/etc/os-release")
      try scratch.write((0..<400_000).map { UInt8(truncatingIfNeeded: $0 % 255 + 1) }, to: "tree/etc/data")
      good = try scratch.sparseFile("good.img", bytes: 32 << 20)
      try Command.check("mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-d", tree, good)
    }

    func copy(_ name: String, _ command: String) throws -> String {
      let file = scratch.file(name)
      try Command.check("cp", good, file)
      try Command.check("sh", "-c", command.replacingOccurrences(of: "IMAGE", with: file))
      return file
    }

    /// A partition with this as its active image.
    func state(_ active: String) throws -> String {
      let root = try scratch.directory("root-\(UInt32.random(in: .min ... .max))")
      try Command.check("mkdir", "\(root)/cOS")
      try Command.check("cp", active, "\(root)/cOS/active.img")
      let state = try scratch.sparseFile("state.img", bytes: 96 << 20)
      try Command.check(
        "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-L", "COS_STATE", "-d", root, state)
      return state
    }
  }

  @Test(
    "an active image without its first superblock is damaged where a copy is there, and else unknown, never passed over"
  )
  func lostStart() throws {
    let images = try Images()
    let punched = try images.copy("punched.img", "fallocate -p -o 0 -l 4096 IMAGE")
    let noMagic = try images.copy(
      "magic.img", "dd if=/dev/zero of=IMAGE bs=1 seek=1080 count=2 conv=notrunc status=none")
    let hole = try images.scratch.sparseFile("hole.img", bytes: 32 << 20)
    let empty = try images.scratch.sparseFile("empty.img", bytes: 0)
    let noise = images.scratch.file("noise.img")
    try Command.check("dd", "if=/dev/urandom", "of=\(noise)", "bs=1M", "count=5", "status=none")
    for (image, expected) in [
      (images.good, Integrity.State.clean), (punched, .damaged), (noMagic, .damaged), (hole, .unknown),
      (empty, .unknown), (noise, .unknown),
    ] {
      let state = try images.state(image)
      let status: Int32 = expected == .clean ? 0 : expected == .damaged ? 2 : 3
      let result = try Headroom.run("verify", "--disk", state, "--json")
      #expect(result.status == status, "\(image): \(result)")
      let report = try Headroom.report(result)
      #expect(try report.image("cOS/active.img").integrity?.state == expected, "\(image)")
      let audit = try Headroom.report(Headroom.run("audit", "--json", "--disk", state, "--margin", "0"))
      let found = audit.findings.filter { [.imageNotVerified, .imageLostWrites].contains($0.id) }
      #expect(found.isEmpty == (expected == .clean), "\(image): \(audit.findings)")
      let check = try Headroom.run("check", "--disk", state, "--quick")
      #expect(expected == .clean || !check.text.hasPrefix("OK"), "\(image): \(check)")
      // Named, it is the same answer.
      let named = try Headroom.run("verify", images.good, image)
      #expect(named.status == status, "\(image): \(named)")
      #expect(named.text.contains(image.components(separatedBy: "/").last ?? image), "\(named)")
    }
  }

  @Test("a squashfs that is named has an answer without its data being read, and without its first block")
  func squashfs() throws {
    let images = try Images()
    let squashfs = images.scratch.file("root.squashfs")
    try Command.check("mksquashfs", images.tree, squashfs, "-quiet", "-no-progress")
    let quick = try Headroom.run("verify", "--quick", squashfs)
    #expect(quick.status == 3 && quick.text.contains("without --quick"), "\(quick)")
    try Command.check("dd", "if=/dev/zero", "of=\(squashfs)", "bs=4096", "count=1", "conv=notrunc", "status=none")
    let headless = try Headroom.run("verify", squashfs)
    #expect(headless.status == 3 && headless.text.contains("root.squashfs: UNKNOWN"), "\(headless)")
  }

  @Test("evidence that was given and cannot be used leaves the answer open, and a damaged image damaged")
  func unusableEvidence() throws {
    let images = try Images()
    let scratch = images.scratch
    let other = try scratch.directory("other")
    _ = try scratch.directory("other/etc")
    try scratch.write("PRETTY_NAME=\"Another\"\n", to: "other/etc/os-release")
    let nameless = try scratch.directory("nameless")
    _ = try scratch.directory("nameless/etc")
    for number in 0..<30 { try scratch.write("x", to: "nameless/etc/\(number)") }
    let readme = try scratch.write("# Read me\n\n[1] is a note.\n", to: "README")
    let damaged = try images.copy("damaged.img", "fallocate -p -o 0 -l 4096 IMAGE")
    for payload in [scratch.file("nowhere"), try scratch.directory("empty"), readme, other, nameless] {
      let result = try Headroom.run("verify", images.good, "--against", payload)
      #expect(result.status == 3 && result.text.contains("UNKNOWN"), "\(payload): \(result)")
      #expect(try Headroom.run("verify", damaged, "--against", payload).status != 0)
    }
    let packed = scratch.file("log.gz")
    try Command.check("sh", "-c", "echo '[    0.000000] Linux version 6.4.0' | gzip > \(packed)")
    let noise = try scratch.write((0..<9000).map { _ in UInt8.random(in: 0...255) }, to: "noise")
    for log in [scratch.file("nowhere"), other, try scratch.write("", to: "empty.log"), readme, packed, noise] {
      let result = try Headroom.run("verify", images.good, "--kernel-log", log, "--json")
      #expect(result.status == 3, "\(log): \(result)")
      let report = try Headroom.report(result)
      #expect(report.limits.contains { $0.id == "evidence-not-taken" }, "\(log)")
      let integrity = try #require(report.partitions.first?.images?.first?.integrity)
      #expect(integrity.state == .unknown && !integrity.checked.contains("kernel-log"), "\(log): \(integrity)")
    }
    let log = try scratch.write("[    0.000000] Linux version 6.4.0\n", to: "good.log")
    #expect(try Headroom.run("verify", images.good, "--kernel-log", log, "--against", images.tree).status == 0)
  }

  @Test("a passive image of another version says nothing of the payload, unless it is named") func otherVersion() throws
  {
    let images = try Images()
    let newer = try images.scratch.directory("newer")
    try Command.check("cp", "-r", "\(images.tree)/etc", newer)
    try images.scratch.write("ID=harvester\nPRETTY_NAME=\"Harvester v1.5.0\"\n", to: "newer/etc/os-release")
    let active = try images.scratch.sparseFile("newer.img", bytes: 32 << 20)
    try Command.check("mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-d", newer, active)
    let root = try images.scratch.directory("two")
    _ = try images.scratch.directory("two/cOS")
    try Command.check("cp", active, "\(root)/cOS/active.img")
    try Command.check("cp", images.good, "\(root)/cOS/passive.img")
    let state = try images.scratch.sparseFile("two.img", bytes: 96 << 20)
    try Command.check("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-L", "COS_STATE", "-d", root, state)
    #expect(try Headroom.run("verify", "--disk", state, "--against", newer).status == 0)
    #expect(try Headroom.run("verify", "--disk", state, "--against", images.tree).status == 3)
    #expect(try Headroom.run("verify", images.good, "--against", newer).status == 3)
  }

  @Test("a payload that was not written whole does not make a good image damaged") func damagedPayload() throws {
    let images = try Images()
    let blocks = try Command.check("debugfs", "-R", "blocks /etc/data", images.good).text
    let block = try #require(blocks.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.dropFirst(40).first)
    let start = (block * 1024 + 4095) / 4096 * 4096
    let payload = try images.copy("payload.img", "fallocate -p -o \(start) -l 8192 IMAGE")
    let result = try Headroom.run("verify", images.good, "--against", payload, "--json")
    #expect(result.status == 3, "\(result)")
    let report = try Headroom.report(result)
    let integrity = try #require(report.partitions.first?.images?.first?.integrity)
    #expect(integrity.state == .unknown && integrity.reason.contains("payload"), "\(integrity)")
    // The other way round it is damage.
    let damaged = try Headroom.run("verify", payload, "--against", images.good)
    #expect(damaged.status == 2 && damaged.text.contains("/etc/data"), "\(damaged)")
  }

  @Test("a squashfs is compared with its payload, too") func squashfsAgainst() throws {
    let images = try Images()
    let squashfs = images.scratch.file("root.squashfs")
    // Stored as they are, blocks have no checksum.
    try Command.check("mksquashfs", images.tree, squashfs, "-quiet", "-no-progress", "-noD", "-noF", "-noI")
    let alone = try Headroom.run("verify", squashfs)
    #expect(alone.status == 0 && alone.text.contains("without any"), "\(alone)")
    #expect(try Headroom.run("verify", squashfs, "--against", images.tree).status == 0)
    try Command.check(
      "sh", "-c", "printf XYZ | dd of=\(squashfs) bs=1 seek=200000 conv=notrunc status=none")
    #expect(try Headroom.run("verify", squashfs).status == 0)
    let against = try Headroom.run("verify", squashfs, "--against", images.tree)
    #expect(against.status == 2 && against.text.contains("/etc/data"), "\(against)")
    #expect(against.text.contains("1 of the payload's names is not in it as it should be"), "\(against)")
  }

  @Test("a byte-by-byte twin of a damaged image does not clear it") func copiedTwin() throws {
    let images = try Images()
    try images.scratch.write((0..<40_000).map { UInt8(truncatingIfNeeded: $0 % 255 + 1) }, to: "tree/etc/victim")
    try Command.check("mke2fs", "-q", "-F", "-t", "ext2", "-b", "4096", "-d", images.tree, images.good)
    let blocks = try Command.check("debugfs", "-R", "blocks /etc/victim", images.good).text
    for block in blocks.split(whereSeparator: \.isWhitespace).compactMap({ Int($0) }) {
      try Command.check("fallocate", "-p", "-o", "\(block * 4096)", "-l", "4096", images.good)
    }
    let root = try images.scratch.directory("twins")
    _ = try images.scratch.directory("twins/cOS")
    try Command.check("cp", images.good, "\(root)/cOS/active.img")
    let state = try images.scratch.sparseFile("twins.img", bytes: 128 << 20)
    let make = ["-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-L", "COS_STATE", "-d", root, state]
    try Command.check("mke2fs", arguments: make)
    #expect(try Headroom.run("verify", "--disk", state).status == 1)
    try Command.check("cp", "--sparse=never", images.good, "\(root)/cOS/passive.img")
    // mke2fs -d would take zeros for holes.
    try Command.check("mke2fs", arguments: make)
    let result = try Headroom.run("verify", "--disk", state)
    #expect(result.status == 1, "\(result)")
    let integrity = try Headroom.report(Headroom.run("verify", "--disk", state, "--json")).image("cOS/active.img")
      .integrity
    #expect(integrity?.state == .suspect && integrity?.files?.map(\.path) == ["/etc/victim"], "\(result)")
  }
}
