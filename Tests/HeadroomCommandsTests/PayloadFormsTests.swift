import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// One tree in every form a payload can have.
@Suite(.needsTool("mksquashfs", "genisoimage", "mke2fs", "perl")) struct PayloadFormsTests {
  private func card(_ payload: String, in scratch: ScratchDirectory) throws -> Payload {
    let file = scratch.file("card-\(UInt32.random(in: .min ... .max)).json")
    let result = try Headroom.run("plan", "--incoming", payload, "--save-payload", file, "--disk", Self.state.get().1)
    guard [0, 1, 2, 3].contains(result.status), FileManager.default.fileExists(atPath: file) else {
      throw Unexpected(result.description)
    }
    #expect((try Data(contentsOf: URL(fileURLWithPath: file))).count < 20_000)
    return try PayloadCard.decode(
      Array(Data(contentsOf: URL(fileURLWithPath: file))), path: "card", operation: "read"
    ).payload
  }

  /// A COS_STATE with room for the tree.
  private static let state: Result<(ScratchDirectory, String), any Error> = Result {
    let scratch = try ScratchDirectory()
    atexit {
      guard case .success(let (scratch, _)) = PayloadFormsTests.state else { return }
      try? FileManager.default.removeItem(atPath: scratch.path)
    }
    return (
      scratch,
      try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 600, mkfsArguments: ["-b", "4096", "-L", "COS_STATE"])
    )
  }

  @Test("every form of a tree takes the same, and is the same tree") func everyFormOfATreeTakesTheSame() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch)
    let reference = try card(tree.path, in: scratch)
    #expect(reference.system.product == "harvester" && reference.system.productVersion == "v1.4.1")
    #expect(reference.system.architecture != nil)
    var forms: [(String, String)] = []
    for (name, options) in [
      ("gzip", ["-comp", "gzip"]), ("xz", ["-comp", "xz", "-b", "1M"]), ("zstd", ["-comp", "zstd", "-b", "128K"]),
      ("plain", ["-no-fragments", "-comp", "gzip", "-b", "1M"]),
      ("fragments", ["-always-use-fragments", "-comp", "zstd"]),
    ] {
      forms.append((name, try tree.squashfs("\(name).squashfs", options)))
    }
    forms.append(("iso", try tree.iso("a.iso", of: forms[0].1)))
    forms.append(("ext4", try tree.ext("a.img")))
    for (name, path) in forms {
      let payload = try card(path, in: scratch)
      #expect(payload.source.treeDigest == reference.source.treeDigest, "\(name)")
      #expect(payload.system == reference.system, "\(name)")
      #expect(payload.census.inodes == reference.census.inodes, "\(name)")
      for (one, other) in zip(payload.census.demands, reference.census.demands) {
        let ratio = Double(one.totalBytes.bytes) / Double(other.totalBytes.bytes)
        #expect(abs(ratio - 1) < 0.005, "\(name) \(one.filesystem) \(ratio)")
      }
    }
  }

  @Test("a payload and its card project the same") func aPayloadAndItsCardProjectTheSame() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch)
    let squashfs = try tree.squashfs("a.squashfs")
    let disk = try Self.state.get().1
    let card = scratch.file("card.json")
    let first = try Headroom.run("plan", "--json", "--disk", disk, "--incoming", squashfs, "--save-payload", card)
    let second = try Headroom.run("plan", "--json", "--disk", disk, "--incoming", card)
    #expect(first.status == second.status)
    var (one, other) = (try Headroom.report(first), try Headroom.report(second))
    #expect(one.projections.first?.basis?.kind == .payload)
    for index in one.projections.indices { one.projections[index].basis = nil }
    for index in other.projections.indices { other.projections[index].basis = nil }
    #expect(!one.projections.isEmpty)
    // The steps say where their figures come from, which is the payload either way.
    #expect(one.projections == other.projections)
  }

  @Test("the same tree takes the same wherever it lies", .needsRootAndLoop)
  func theSameTreeTakesTheSameWhereverItLies() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch)
    let reference = try card(tree.path, in: scratch)
    for filesystem in ["tmpfs", "btrfs"] where Machine.mounts(filesystem) {
      let place = try scratch.directory("on-\(filesystem)")
      if filesystem == "tmpfs" {
        try Command.check("mount", "-t", "tmpfs", "tmpfs", place)
      } else {
        let image = try scratch.sparseFile("btrfs.img", bytes: 400 << 20)
        try Command.check("mkfs.btrfs", "-q", image)
        try Command.check("mount", "-o", "loop,compress=zstd", image, place)
      }
      defer { _ = try? Command.run("umount", place) }
      try Command.check("cp", "-a", "\(tree.path)/.", place)
      let payload = try card(place, in: scratch)
      #expect(payload.census == reference.census, "\(filesystem)")
      #expect(payload.source.treeDigest == reference.source.treeDigest)
    }
  }

  @Test("what elemental leaves out is left out: a live root is not entered where it hangs together with the node")
  func whatElementalLeavesOutIsLeftOut() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch)
    let reference = try card(tree.path, in: scratch)
    for name in ["host", "proc", "run", "tmp", "mnt", "sys", "dev"] {
      try Command.check("mkdir", "-p", "\(tree.path)/\(name)/deep")
      try Command.check("cp", "/bin/true", "\(tree.path)/\(name)/deep/file")
    }
    #expect(try card(tree.path, in: scratch).census == reference.census)
  }
}
