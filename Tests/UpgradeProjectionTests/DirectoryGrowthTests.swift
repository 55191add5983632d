import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import UpgradeProjection

@Suite struct DirectoryGrowthTests {
  @Test("A directory is one block until its names do not fit it")
  func oneBlock() {
    // 4096 less `.`, `..` and the checksum's 12 bytes are 4060: 253 entries of 16 bytes.
    var directory = DirectoryGrowth(blockBytes: 4096, hasChecksums: true)
    for number in 0..<253 { directory.add(nameLength: 8, hash: UInt32(number) &* 2_654_435_761) }
    #expect(directory.blocks == 1)
    directory.add(nameLength: 8, hash: 77)
    #expect(directory.blocks == 3)
  }

  @Test("What is removed leaves room, but no block")
  func removal() {
    var directory = DirectoryGrowth(blockBytes: 1024, hasChecksums: false)
    for number: UInt32 in 0..<500 { directory.add(nameLength: 12, hash: number &* 2_654_435_761) }
    let blocks = directory.blocks
    for number: UInt32 in 0..<500 { directory.remove(hash: number &* 2_654_435_761) }
    #expect(directory.blocks == blocks)
    for number: UInt32 in 0..<400 { directory.add(nameLength: 12, hash: number &* 2_654_435_761) }
    #expect(directory.blocks == blocks)
  }

  @Test("rsync's temporary names have eight bytes more, no second dot, and at most 255")
  func temporaryNames() {
    #expect(CopiedDirectory.temporaryLength(Array("name".utf8)) == 12)
    #expect(CopiedDirectory.temporaryLength(Array(".name".utf8)) == 12)
    #expect(CopiedDirectory.temporaryLength([UInt8](repeating: 0x61, count: 255)) == 255)
  }

  @Test("what is told of one block without a replay is what the replay says", arguments: [1024, 4096], [false, true])
  func shortcut(_ block: Int, _ hasChecksums: Bool) {
    var random = Seed.current.derived(block)
    for _ in 0..<2000 {
      // On both sides of what one block holds.
      let count = Int.random(in: 0...block / 20, using: &random)
      let entries = (0..<count).map { number in
        let length = Int.random(in: 1...(Int.random(in: 0..<20, using: &random) == 0 ? 250 : 20), using: &random)
        let dot = Bool.random(using: &random) ? "." : ""
        let name = "\(dot)\(number)" + String(repeating: "n", count: length)
        return RootTreeEntry(
          name: FilePath(name), kind: Bool.random(using: &random) ? .file : .directory, size: 0, inode: UInt64(number))
      }
      let directory = CopiedDirectory(RootTreeDirectory(path: "/etc", entries: entries))
      #expect(
        directory.blocks(blockBytes: block, hasChecksums: hasChecksums)
          == directory.replayed(blockBytes: block, hasChecksums: hasChecksums), "\(Seed.current)")
    }
  }

  @Test(
    "A directory that rsync fills grows as predicted", .needsRootAndLoop, .needsTool("rsync", "mkfs.ext4"),
    arguments: [1024, 4096], [1, 60, 700, 9000])
  func againstKernel(_ block: Int, _ count: Int) throws {
    let scratch = try ScratchDirectory()
    let source = try scratch.directory("source")
    var entries: [RootTreeEntry] = []
    for number in 0..<count {
      let name = "name-\(number)-\(String(repeating: "x", count: number * 31 % 40))"
      entries.append(RootTreeEntry(name: FilePath(name), kind: .file, size: 0, inode: UInt64(number)))
      try scratch.write("", to: "source/\(name)")
    }
    let predicted = CopiedDirectory(RootTreeDirectory(path: "/", entries: entries))
    for (type, hasChecksums) in [("ext4", true), ("ext2", false)] {
      let blocks = try LoopMount.withFilesystem(
        type, sizeMiB: 200, mkfsArguments: ["-b", "\(block)", "-N", "20000"]
      ) { mountpoint, _ in
        try Command.check("rsync", "--archive", source + "/", mountpoint + "/copy/")
        var status = stat()
        try #require(stat(mountpoint + "/copy", &status) == 0)
        return Int(status.st_size) / block
      }
      let expected = predicted.blocks(blockBytes: block, hasChecksums: hasChecksums)
      // The hash is seeded anew on each filesystem; the fewer leaves, the more that matters.
      #expect(abs(expected - blocks) <= 1 + blocks / 3, "\(type): predicted \(expected), is \(blocks)")
    }
  }
}
