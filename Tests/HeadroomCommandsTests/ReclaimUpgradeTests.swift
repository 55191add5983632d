import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The upgrade that reclaim projects is the one that plan does.
@Suite(.needsRootAndLoop, .serialized) struct ReclaimUpgradeTests {
  private func withState(_ body: (_ passive: String, _ device: String, _ scratch: ScratchDirectory) throws -> Void)
    throws
  {
    let state = try StateFilesystem(label: "COS_STATE")
    try state.addImages(mebibytes: 32, contentMiB: 3)
    try state.mounted { mountpoint, device in
      try body("\(mountpoint)/cOS/passive.img", device, state.scratch)
    }
  }

  static let choices: [[String]] = [
    [], ["--margin", "1M"], ["--margin", "50%"], ["--to", "v1.4.2"], ["--profile", "kairos"],
    ["--profile", "harvester", "--to", "v1.4.1", "--incoming-size", "20M"],
    ["--profile", "elemental", "--incoming-size", "60M", "--image-size", "2G", "--margin", "0"],
    ["--incoming", "TREE", "--margin", "1M"], ["--incoming", "CARD", "--profile", "harvester"], ["--recovery"],
    ["--require-payload"],
  ]

  @Test("with the same options reclaim foretells what plan says, before and after", arguments: choices)
  func sameAsPlan(choice: [String]) throws {
    try withState { passive, device, scratch in
      let tree = try PayloadTree(in: scratch, files: 20)
      let card = scratch.file("card.json")
      _ = try Headroom.run("plan", "--incoming", tree.path, "--save-payload", card, "--device", device)
      let options = choice.map { $0 == "TREE" ? tree.path : $0 == "CARD" ? card : $0 }
      func plan() throws -> [Projection] {
        let result = try Headroom.run(arguments: ["plan", "--quick", "--json", "--device", device] + options)
        return try Headroom.report(result).projections.filter { $0.device?.display == device }
      }
      let before = try plan()
      let dry = try Reclaim.run(arguments: options + [passive]).filesystem
      #expect(dry.projectionsBefore == before)
      let done = try Reclaim.run(arguments: options + ["--apply", passive]).filesystem
      #expect(done.projectionsBefore == before)
      let after = try plan()
      #expect(done.projectionsAfter == after)
      for (foretold, came) in zip(try #require(dry.projectionsAfter), after) {
        #expect((foretold.outcome, foretold.needBytes) == (came.outcome, came.needBytes))
        #expect(foretold.marginBytes == came.marginBytes && foretold.basis == came.basis)
      }
      #expect(before.first?.headroomBytes != after.first?.headroomBytes)
    }
  }

  @Test("an upgrade that cannot be meant is refused, and nothing is punched") func wrongUpgrades() throws {
    try withState { passive, _, scratch in
      let before = try Reclaim.allocated(passive)
      for (options, status) in [
        (["--margin", "much"], 64), (["--incoming", "/x", "--incoming-size", "1G"], 64), (["--profile", "suse"], 64),
        (["--to", "next"], 64), (["--image-size", "0"], 64), (["--incoming", "/nowhere"], 3),
        (["--incoming", passive + ".x"], 3),
      ] {
        let result = try Headroom.run(arguments: ["reclaim", "--apply", passive] + options)
        #expect(result.status == status, "\(options): \(result)")
      }
      #expect(try Reclaim.allocated(passive) == before)
    }
  }

  @Test("the result is not written over the payload") func notOverThePayload() throws {
    try withState { passive, _, scratch in
      let tree = try PayloadTree(in: scratch, files: 20)
      let card = scratch.file("card.json")
      _ = try Headroom.run("plan", "--incoming", tree.path, "--save-payload", card)
      let size = try Reclaim.checksum(card)
      let result = try Headroom.run("reclaim", "--json", "--incoming", card, "--output-file", card, passive)
      #expect(result.status == 3, "\(result)")
      #expect(try Reclaim.checksum(card) == size)
    }
  }
}
