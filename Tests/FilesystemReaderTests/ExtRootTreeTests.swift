import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// The ext reader's trees against the kernel's view of the same filesystem.
@Suite(.needsTool("mkfs.ext4", "setfacl", "setfattr", "setcap")) struct ExtRootTreeTests {
  static let recipes: [[String]] = [
    ["ext4"], ["ext4", "-b", "1024"], ["ext4", "-I", "128"], ["ext2", "-b", "4096"], ["ext3", "-I", "512"],
    ["ext4", "-O", "inline_data"],
  ]

  @Test("a copy that the kernel made is listed as the kernel lists it", .needsRootAndLoop, arguments: recipes)
  func aCopyThatTheKernelMadeIsListedAsTheKernelListsIt(_ recipe: [String]) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(30))
    let image = try LoopMount.makeFilesystem(
      recipe[0], in: scratch, sizeMiB: 96, mkfsArguments: Array(recipe.dropFirst()))
    let expected = try LoopMount.with(image: image) { mountpoint, _ in
      try Command.check("cp", "-a", "\(tree.path)/.", mountpoint)
      return try TreeListing(directory: mountpoint, excluding: ["lost+found"])
    }
    #expect(expected.entries.values.contains { $0.attributes.contains { $0.name == "system.posix_acl_access" } })
    let reader = ExtRootTree(try openExt(image))
    let found = try TreeListing(reader)
    #expect(found == expected, "\(recipe) \(Seed.current): \(found.differences(from: expected))")
    let system = try Payload.System(of: reader)
    #expect(system.architecture == "aarch64" && system.productVersion == "v1.8.0")
    #expect(
      try reader.smallFile("/etc/os-release", limit: 1000)
        == Array(Data(contentsOf: URL(fileURLWithPath: "\(tree.path)/usr/lib/os-release"))))
    #expect(try reader.smallFile("/etc", limit: 1000) == nil)
  }

  @Test("a copy that mke2fs made is the directory it was made from", arguments: [["ext4"], ["ext2", "-b", "1024"]])
  func aCopyThatMke2fsMadeIsTheDirectoryItWasMadeFrom(_ recipe: [String]) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(31))
    let image = try scratch.sparseFile("made.img", bytes: 96 << 20)
    try Command.check(
      "mkfs.\(recipe[0])", arguments: ["-q", "-F", "-d", tree.path] + recipe.dropFirst() + [image])
    var expected = try TreeListing(directory: tree.path)
    var found = try TreeListing(ExtRootTree(openExt(image)))
    // mke2fs does not copy the attributes of the root itself.
    expected.entries["/"] = nil
    found.entries["/"] = nil
    #expect(found == expected, "\(recipe) \(Seed.current): \(found.differences(from: expected))")
  }

  @Test("an empty lost+found at the root is not of the tree, one with something in it is")
  func anEmptyLostAndFoundAtTheRootIsNotOfTheTree() throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 16)
    #expect(try TreeListing(ExtRootTree(openExt(image))).entries.keys.sorted() == ["/"])
    try Command.check("debugfs", "-w", "-R", "mkdir /lost+found/orphan", image)
    #expect(
      try TreeListing(ExtRootTree(openExt(image))).entries.keys.sorted()
        == ["/", "/lost+found", "/lost+found/orphan"])
  }

  @Test("damaged filesystems are an error or a sane answer") func damagedFilesystemsAreAnErrorOrASaneAnswer() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(32))
    let image = try scratch.sparseFile("made.img", bytes: 48 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-b", "1024", "-O", "^metadata_csum", "-d", tree.path, image)
    let good = try Array(Data(contentsOf: URL(fileURLWithPath: image)))
    // Where inodes and attributes lie, mostly.
    var random = Seed.current.derived(33)
    var opened = 0
    for _ in 0..<LongProof.count(3000, sample: 60) {
      var bad = good
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        bad[Int.random(in: 2048..<1_500_000, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      do {
        let reader = ExtRootTree(try ExtFilesystem(MemorySource(bad)))
        opened += 1
        _ = try? Payload.System(of: reader)
        try reader.walk(excluding: []) { _ in }
      } catch { continue }
    }
    // Else nothing behind the superblock was ever looked at.
    #expect(opened > 10, "\(Seed.current)")
  }

  @Test(
    "ACLs come in the kernel's form",
    arguments: [
      ([1, 0, 0, 0], [2, 0, 0, 0]),
      (
        [1, 0, 0, 0, 1, 0, 6, 0, 2, 0, 4, 0, 0xE8, 3, 0, 0, 4, 0, 4, 0],
        [2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xE8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255]
      ),
      ([], nil), ([2, 0, 0, 0], nil), ([1, 0, 0, 0, 1, 0, 6], nil), ([1, 0, 0, 0, 2, 0, 4, 0, 1, 0], nil),
      ([1, 0, 0, 0, 3, 0, 4, 0], nil), ([1, 0, 0, 0, 1, 1, 4, 0], nil),
    ] as [([UInt8], [UInt8]?)])
  func aclsComeInTheKernelsForm(_ disk: [UInt8], _ expected: [UInt8]?) {
    #expect(PosixACL.kernelForm(ofDisk: disk) == expected)
  }
}
