import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The power goes while holes are dug: whatever the disk holds then, the image reads as before, and another run finishes.
@Suite(.needsRootAndLoop, .needsTool("nbdkit", "nbdfuse", "sha256sum", "e2fsck"), .needsFilesystem("xfs"), .serialized)
struct ReclaimPowerCutTests {
  @Test(
    "after a power cut the image reads as before, the filesystem is clean and a rerun finishes",
    arguments: ["4096", "1024"], PowerCutDisk.Cache.allCases)
  func afterAPowerCut(block: String, cache: PowerCutDisk.Cache) throws {
    let stripe = try #require(Int(block))
    let disk = try PowerCutDisk(sizeMiB: 96, cache: cache, mkfsArguments: ["-b", block]) { mountpoint in
      try Reclaim.makeStripes("\(mountpoint)/image", mebibytes: 12, stripe: stripe)
      try Command.check("dd", "if=/dev/urandom", "of=\(mountpoint)/other", "bs=1M", "count=4", "status=none")
    }
    // The run that is not cut, and how long it takes.
    var (content, finished, dense, length) = ("", Int64(0), Int64(0), Duration.zero)
    try disk.run { mountpoint, _ in
      dense = try Reclaim.allocated("\(mountpoint)/image")
      content = try checksums(mountpoint)
      length = try Reclaim.run("--apply", "\(mountpoint)/image").result.elapsed
      finished = try Reclaim.allocated("\(mountpoint)/image")
      #expect(try checksums(mountpoint) == content)
    }
    var random = Seed.current.derived(stripe)
    var cuts = (count: 0, untouched: 0, partly: 0, whole: 0)
    let perRun = LongProof.count(5, sample: 3)
    for run in 0..<LongProof.count(5, sample: 1) {
      let moments = (0..<perRun).map { _ in Int.random(in: 0...Int(length / .microseconds(1)), using: &random) }
        .sorted()
      let snapshots = try disk.run { mountpoint, cut in
        try PowerCutRun.snapshots(
          of: ["reclaim", "--apply", "\(mountpoint)/image"], at: moments, on: mountpoint, isSynced: run % 4 != 3, cut)
      }
      for (number, snapshot) in snapshots.enumerated() {
        let words = "block \(block), \(cache.rawValue), \(Seed.current), run \(run), cut \(number) at \(moments) µs"
        let allocated = try check(snapshot, content, finished, words)
        cuts.count += 1
        if allocated >= dense {
          cuts.untouched += 1
        } else if allocated > finished {
          cuts.partly += 1
        } else {
          cuts.whole += 1
        }
        try disk.remove(snapshot)
      }
    }
    print("reclaim, power cuts, block \(block), \(cache.rawValue): \(cuts)")
  }

  /// - Returns: What the image has allocated after the journal was replayed.
  private func check(_ snapshot: String, _ content: String, _ finished: Int64, _ words: String) throws -> Int64 {
    let allocated = try LoopMount.with(image: snapshot, type: "ext4") { mountpoint, _ in
      #expect(try checksums(mountpoint) == content, "\(words)")
      return try Reclaim.allocated("\(mountpoint)/image")
    }
    let checked = try Command.run("e2fsck", "-fn", snapshot)
    #expect(checked.status == 0, "\(words): \(checked)")
    try LoopMount.with(image: snapshot, type: "ext4") { mountpoint, _ in
      let state = try Reclaim.run("--apply", "--verify", "\(mountpoint)/image").image.state
      #expect([.done, .nothing].contains(state), "\(words)")
      #expect(try Reclaim.allocated("\(mountpoint)/image") <= finished + 8192, "\(words)")
      #expect(try Reclaim.run("\(mountpoint)/image").image.rangeCount == 0, "\(words)")
      #expect(try checksums(mountpoint) == content, "\(words)")
    }
    let checkedAgain = try Command.run("e2fsck", "-fn", snapshot)
    #expect(checkedAgain.status == 0, "\(words): \(checkedAgain)")
    return allocated
  }

  private func checksums(_ mountpoint: String) throws -> String {
    try Reclaim.checksum("\(mountpoint)/image") + Reclaim.checksum("\(mountpoint)/other")
  }
}
