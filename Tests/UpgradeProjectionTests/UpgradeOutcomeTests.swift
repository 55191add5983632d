import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import UpgradeProjection

/// A partition with a little more or less room than an upgrade needs.
struct OutcomeCase: Sendable, CustomTestStringConvertible {
  enum Edge: String, Sendable, CaseIterable {
    case needAndMore = "need + d", needAndLess = "need - d", treeAndMore = "T + d", treeAndLess = "T - d"
  }

  var tree: SourceTree
  var blockBytes: Int
  var edge: Edge

  var testDescription: String { "\(edge.rawValue), \(tree.rawValue), \(blockBytes)-byte blocks" }

  static let all = SourceTree.allCases.flatMap { tree in
    [4096, 1024].flatMap { block in Edge.allCases.map { OutcomeCase(tree: tree, blockBytes: block, edge: $0) } }
  }
}

@Suite(.serialized, .needsRootAndLoop, .needsTool("rsync", "mkfs.ext4", "mkfs.ext2", "setfattr", "setfacl"))
struct UpgradeOutcomeTests {
  @Test(
    "At the edge the upgrade ends as its figures say: whole, silently damaged, or with a failure",
    arguments: LongProof.cases(OutcomeCase.all, sample: 3))
  func ends(_ row: OutcomeCase) throws {
    let scratch = try ScratchDirectory()
    let source = try row.tree.make(in: scratch, seed: Seed.current)
    let predicted = try Prediction(source: source, nominal: 3072 << 20, hostBlock: row.blockBytes)
    let distance = max(8 << 20, predicted.need * 15 / 1000)
    let usable =
      switch row.edge {
      case .needAndMore: predicted.need + distance
      case .needAndLess: predicted.need - distance
      case .treeAndMore: predicted.tree + distance
      case .treeAndLess: predicted.tree - distance
      }
    let rehearsal = try Rehearsal(sizeMiB: predicted.partitionMiB, blockBytes: row.blockBytes)
    try rehearsal.fill(leaving: usable)
    let left = rehearsal.usable
    let measured = try rehearsal.upgrade(from: source, nominal: predicted.nominal)
    let whole = measured.codes.count == 5 ? try rehearsal.imageIsWhole(source: source) : false
    let context: Comment =
      "usable \(left), predicted T \(predicted.tree), A \(predicted.image): \(measured), whole \(whole)"

    if left >= predicted.need {
      #expect(measured.allZero && whole, context)
    } else if left >= predicted.tree {
      if row.edge == .needAndLess { #expect(measured.allZero, context) }
      #expect(measured.codes.first == 0 && !whole, context)
    } else {
      #expect(measured.codes.contains { $0 != 0 }, context)
    }
    try rehearsal.close()
  }
}
