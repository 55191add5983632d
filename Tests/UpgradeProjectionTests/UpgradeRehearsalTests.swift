import FilesystemReader
import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import UpgradeProjection

/// One tree copied to one kind of partition.
struct RehearsalCase: Sendable, CustomTestStringConvertible {
  var tree: SourceTree
  var blockBytes: Int
  var isLarge: Bool

  var testDescription: String { "\(tree.rawValue), \(blockBytes)-byte blocks, \(isLarge ? "large" : "small")" }

  static let all = SourceTree.allCases.flatMap { tree in
    [4096, 1024].flatMap { block in [false, true].map { RehearsalCase(tree: tree, blockBytes: block, isLarge: $0) } }
  }
}

/// What the model says of a tree.
struct Prediction {
  var census: TreeCensus
  var nominal: Int
  var tree: Int
  var image: Int
  var need: Int { tree + image }

  /// A partition with room for it, and an inode for each 16 KiB.
  var partitionMiB: Int { max(need * 3 / 2, (Int(census.inodes) + 1000) * 17_000) / (1 << 20) + 200 }

  init(source: String, nominal configured: Int?, hostBlock: Int) throws {
    var tally = TreeTally(rules: [.all])
    try DirectoryRootTree(FilePath(source)).walk(excluding: TreeTally.systemExcludes) { tally.add($0) }
    census = tally.census
    nominal = configured ?? Int(NewImage.automaticBytes(for: census, overhead: .mebibytes(256)).bytes)
    let host = ByteCount(Int64(hostBlock))
    let image = try #require(NewImage(nominalBytes: ByteCount(Int64(nominal))))
    #expect(image.shortage(for: census, .all) == NewImage.Shortage.none)
    tree = Int(try #require(census.demand(on: TreeFilesystem(.ext4, unitBytes: host), .all)).totalBytes.bytes)
    self.image = Int(try #require(image.allocatedBytes(holding: census, .all, hostUnitBytes: host)).bytes)
  }
}

@Suite(.serialized, .needsRootAndLoop, .needsTool("rsync", "mkfs.ext4", "mkfs.ext2", "setfattr", "setfacl"))
struct UpgradeRehearsalTests {
  @Test(
    "What is predicted is what the upgrade then takes",
    arguments: LongProof.cases(RehearsalCase.all, sample: 4))
  func predicts(_ row: RehearsalCase) throws {
    let scratch = try ScratchDirectory()
    let source = try row.tree.make(in: scratch, seed: Seed.current)
    // A large partition also gets an image of a configured size.
    let predicted = try Prediction(
      source: source, nominal: row.isLarge ? 3072 << 20 : nil, hostBlock: row.blockBytes)
    let room = predicted.partitionMiB * (row.isLarge ? 2 : 1) + (row.isLarge ? 1024 : 0)
    let rehearsal = try Rehearsal(sizeMiB: room, blockBytes: row.blockBytes)
    let measured = try rehearsal.upgrade(from: source, nominal: predicted.nominal)
    #expect(measured.allZero, "\(measured)")
    print("\(row.testDescription): inodes \(predicted.census.inodes)")
    check("T", predicted.tree, measured.tree)
    check("A", predicted.image, measured.image)
    check("need", predicted.need, measured.need)
    try rehearsal.finish()
    try rehearsal.close()
  }

  private func check(_ name: String, _ predicted: Int, _ measured: Int) {
    let off = Double(predicted - measured) / Double(max(measured, 1)) * 100
    print(
      "  \(name): predicted \(predicted / 1024) KiB, measured \(measured / 1024) KiB, \(String(format: "%+.3f", off)) %"
    )
    #expect(off <= 1 && off >= -0.25, "\(name): predicted \(predicted), measured \(measured): \(off) %")
  }
}
