import SpaceModel
import TestSupport
import Testing

@testable import UpgradeProjection

@Suite struct TreeTallyTests {
  private static let ext4 = TreeFilesystem(.ext4, unitBytes: ByteCount(4096))
  private static let ext2 = TreeFilesystem(.ext2, unitBytes: ByteCount(1024))

  private func demand(
    _ entries: [RootTreeEntry], on filesystem: TreeFilesystem, _ rule: AttributeRule = .all
  ) throws -> TreeDemand {
    var tally = TreeTally(filesystems: [filesystem])
    tally.add(RootTreeDirectory(path: "/", entries: entries))
    return try #require(tally.census.demand(on: filesystem, rule))
  }

  private func file(_ size: UInt64, _ name: String = "file", _ attributes: [ExtendedAttribute] = []) -> RootTreeEntry {
    RootTreeEntry(name: FilePath(name), kind: .file, size: size, attributes: attributes, inode: 1)
  }

  @Test(
    "Files take whole units", arguments: [(0, 0), (1, 4096), (4096, 4096), (4097, 8192), (1 << 20, 1 << 20)])
  func files(_ size: UInt64, _ taken: Int64) throws {
    #expect(try demand([file(size)], on: Self.ext4).fileBytes == ByteCount(taken))
  }

  @Test("Sizes that nobody has saturate", arguments: TreeTally.usualFilesystems)
  func saturates(_ filesystem: TreeFilesystem) throws {
    #expect(try demand([file(.max), file(.max, "b")], on: filesystem).totalBytes >= ByteCount(.max - 4096))
  }

  /// Counted by debugfs(8) on files of such sizes.
  @Test(
    "Indirect blocks of ext2 are exact",
    arguments: [
      (12, 0), (13, 1), (268, 1), (269, 3), (524, 3), (525, 4), (12 + 256 + 65536, 258), (12 + 256 + 65537, 261),
    ] as [(UInt64, UInt64)])
  func indirect(_ blocks: UInt64, _ expected: UInt64) {
    #expect(BlockMapping.indirectBlocks(mapping: blocks, blockBytes: 1024) == expected)
  }

  @Test(
    "Extents leave the inode when there are more than four",
    arguments: [(4 * 2048, 0), (4 * 2048 + 1, 1), (340 * 2048, 1), (341 * 2048, 2), (340 * 5 * 2048, 6)]
      as [(UInt64, UInt64)])
  func extents(_ blocks: UInt64, _ expected: UInt64) {
    #expect(BlockMapping.extentBlocks(mapping: blocks, blockBytes: 4096, run: 2048) == expected)
  }

  @Test(
    "A link's target of 60 bytes takes a block, one of 59 does not", arguments: [(59, 0), (60, 4096), (4000, 4096)])
  func links(_ length: UInt64, _ taken: Int64) throws {
    let link = RootTreeEntry(name: "l", kind: .symbolicLink, size: length, inode: 2)
    #expect(try demand([link], on: Self.ext4).linkBytes == ByteCount(taken))
  }

  @Test("Device nodes are an inode, and each name of a hard link is a file of its own")
  func kinds() throws {
    var tally = TreeTally(filesystems: [Self.ext4])
    let name = RootTreeEntry(name: "a", kind: .file, size: 5000, inode: 7, links: 2)
    var other = name
    other.name = "b"
    let device = RootTreeEntry(name: "null", kind: .special, size: 0, inode: 8)
    let below = RootTreeEntry(name: "d", kind: .directory, size: 0, inode: 9)
    tally.add(RootTreeDirectory(path: "/", entries: [name, other, device, below]))
    tally.add(RootTreeDirectory(path: "/d", entries: []))
    #expect(tally.census.inodes == 4)
    #expect(tally.census.files == 2)
    #expect(tally.census.directories == 1)
    #expect(tally.census.apparentBytes == ByteCount(10_000))
    let demand = try #require(tally.census.demand(on: Self.ext4, .all))
    #expect(demand.fileBytes == ByteCount(16_384))
    #expect(demand.directoryBytes == ByteCount(8192))
  }

  @Test("On bigalloc everything takes clusters")
  func bigalloc() throws {
    let filesystem = TreeFilesystem(.ext4, unitBytes: ByteCount(65536))
    let link = RootTreeEntry(name: "l", kind: .symbolicLink, size: 100, inode: 2)
    let demand = try demand([file(1), link], on: filesystem)
    #expect(demand.fileBytes == ByteCount(65536))
    #expect(demand.linkBytes == ByteCount(65536))
    #expect(demand.directoryBytes == ByteCount(65536))
  }

  private static let capability = ExtendedAttribute(
    name: "security.capability", value: [UInt8](repeating: 1, count: 20))
  private static let context = ExtendedAttribute(name: "security.selinux", value: [UInt8](repeating: 2, count: 34))

  @Test("Attributes that fit 88 bytes stay in the inode; a rule can make the difference")
  func attributes() throws {
    #expect(AttributePlacement.entryBytes(Self.capability) == 48)
    #expect(AttributePlacement.entryBytes(Self.context) == 60)
    let both = [file(0, "f", [Self.capability, Self.context])]
    #expect(try demand(both, on: Self.ext2, .all).attributeBytes == ByteCount(1024))
    #expect(try demand(both, on: Self.ext2, .withoutSELinux).attributeBytes == .zero)
    #expect(try demand(both, on: Self.ext2, .aclsOnly).attributeBytes == .zero)
  }

  @Test("An ACL is counted in ext4's own form")
  func acl() {
    // Owner, two named users, group, mask, others: 4 bytes, and 8 for each named one.
    var value: [UInt8] = [2, 0, 0, 0]
    for tag: UInt8 in [0x01, 0x02, 0x02, 0x04, 0x10, 0x20] { value += [tag, 0, 6, 0, 0, 0, 0, 0] }
    let attribute = ExtendedAttribute(name: "system.posix_acl_access", value: value)
    #expect(AttributePlacement.entryBytes(attribute) == 16 + 4 + 4 * 4 + 2 * 8)
  }

  @Test("Equal attributes share a block, 1024 files at a time")
  func sharing() throws {
    let large = ExtendedAttribute(name: "user.large", value: [UInt8](repeating: 9, count: 200))
    let same = (0..<2049).map { file(0, "\($0)", [large]) }
    #expect(try demand(same, on: Self.ext2).attributeBytes == ByteCount(3 * 1024))
    let own = (0..<100).map { number in
      file(0, "\(number)", [ExtendedAttribute(name: "user.own", value: [UInt8](repeating: UInt8(number), count: 200))])
    }
    #expect(try demand(own, on: Self.ext2).attributeBytes == ByteCount(100 * 1024))
  }

  @Test("The order a payload is read in changes nothing")
  func order() throws {
    let entries = (0..<3000).map { file(UInt64($0), "name-\($0)") }
    var random = Seed.current
    #expect(try demand(entries, on: Self.ext2) == demand(entries.shuffled(using: &random), on: Self.ext2))
  }

  @Test("100,000 names in one directory take the blocks of their names, half full at least")
  func manyNames() throws {
    let entries = (0..<100_000).map { file(100, "some-file-name-\($0).conf") }
    var taken: ByteCount?
    let elapsed = try ContinuousClock().measure { taken = try demand(entries, on: Self.ext4).directoryBytes }
    print("counted 100,000 names in \(elapsed)")
    // 8 bytes and the name, to a multiple of 4 (linux/ext4: struct ext4_dir_entry_2).
    let names = entries.reduce(Int64(0)) { $0 + Int64(8 + $1.name.bytes.count + 3) / 4 * 4 }
    #expect((ByteCount(names)...ByteCount(2 * names)).contains(try #require(taken)))
  }
}
