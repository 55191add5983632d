import Foundation
import SpaceModel
import TestSupport
import Testing

/// A write that was dropped over a block that had been written before: the block is as old as the empty filesystem.
@Suite(.needsRootAndLoop, .needsTool("mkfs.ext2", "dumpe2fs", "debugfs")) struct StaleStructureTests {
  /// What of group 0 stays as mke2fs wrote it.
  enum Stale: String, CaseIterable {
    case inodeBitmap, blockBitmap, rootDirectory, inodeTable

    /// Blocks of 1 KiB, first and how many.
    func place(in image: String) throws -> (Int, Int) {
      let group = try Command.check("dumpe2fs", image).text.components(separatedBy: "Group 0:").last ?? ""
      func number(behind words: String) throws -> Int {
        let text = try #require(group.components(separatedBy: words).dropFirst().first)
        return try #require(Int(text.prefix { $0.isNumber }))
      }
      switch self {
      case .inodeBitmap: return (try number(behind: "Inode bitmap at "), 1)
      case .blockBitmap: return (try number(behind: "Block bitmap at "), 1)
      case .inodeTable: return (try number(behind: "Inode table at ") + 4, 4)
      case .rootDirectory:
        let blocks = try Command.check("debugfs", "-R", "blocks /", image).text
        return (try #require(blocks.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }), 1)
      }
    }
  }

  @Test("structures older than what they speak of are damage, and files that are gone are counted or named")
  func olderThanTheRest() throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem(
      "ext2", in: scratch, sizeMiB: 24, mkfsArguments: ["-b", "1024", "-I", "256"])
    let empty = scratch.file("empty.img")
    try Command.check("cp", image, empty)
    try LoopMount.with(image: image, type: "ext2") { inner, _ in
      _ = try Command.check(
        "sh", "-c",
        "for n in $(seq 20); do mkdir \(inner)/d$n; for m in $(seq 30); do echo $n > \(inner)/d$n/$m; done; done")
    }
    #expect(try verify(image).integrity.state == .clean)
    for stale in Stale.allCases {
      let copy = scratch.file("stale.img")
      try Command.check("cp", image, copy)
      let (block, count) = try stale.place(in: image)
      try Command.check(
        "dd", "if=\(empty)", "of=\(copy)", "bs=1024", "skip=\(block)", "seek=\(block)", "count=\(count)",
        "conv=notrunc", "status=none")
      let integrity = try verify(copy).integrity
      #expect(integrity.state == .damaged, "\(stale): \(integrity)")
      // Four inodes a block; some are directories.
      switch stale {
      case .inodeBitmap, .blockBitmap: #expect(integrity.files == [], "\(stale): \(integrity.files?.count ?? 0)")
      case .rootDirectory: #expect(integrity.unreachableInodes == 620)
      case .inodeTable: #expect((integrity.files ?? []).count + Int(integrity.unreachableInodes ?? 0) > 10)
      }
    }
  }

  @Test("a superblock copy of zeros is lost where it is smaller than the host's block, too", .needsTool("mke2fs"))
  func smallerThanTheHosts() throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    for number in 0..<200 {
      try scratch.write([UInt8](repeating: UInt8(number % 255 + 1), count: 60_000), to: "tree/\(number)")
    }
    let image = try scratch.sparseFile("image.img", bytes: 64 << 20)
    try Command.check("mke2fs", "-q", "-F", "-b", "1024", "-t", "ext4", "-d", tree, image)
    #expect(try verify(image).integrity.state == .clean)
    try Command.check("fallocate", "-p", "-o", "8389632", "-l", "1024", image)
    let integrity = try verify(image).integrity
    #expect(integrity.state == .damaged, "\(integrity)")
    #expect(integrity.metadataLost?.map(\.kind) == [.superblock], "\(integrity)")
  }
}
