import Foundation
import SpaceModel
import TestSupport
import Testing

/// The power goes while an image is copied: under the copy's name is what was there before, or the whole copy.
@Suite(.needsRootAndLoop, .needsTool("nbdkit", "nbdfuse", "sha256sum", "e2fsck"), .needsFilesystem("xfs"), .serialized)
struct CopyPowerCutTests {
  /// What is under the name of the copy.
  private enum Found: String { case nothing, old, whole }

  @Test(
    "after a power cut the destination is as it was or the whole copy, and a rerun ends as if nothing had been",
    arguments: ["4096", "1024"], PowerCutDisk.Cache.allCases)
  func afterAPowerCut(block: String, cache: PowerCutDisk.Cache) throws {
    let disk = try PowerCutDisk(sizeMiB: 96, cache: cache, mkfsArguments: ["-b", block]) { mountpoint in
      try CopyImage.make("\(mountpoint)/source", megabytes: 16)
      try Command.check("dd", "if=/dev/urandom", "of=\(mountpoint)/old", "bs=1M", "count=6", "status=none")
    }
    var sums: [String: Found] = [:]
    var (allocated, length) = (UInt64(0), Duration.zero)
    try disk.run { mountpoint, _ in
      sums[try Reclaim.checksum("\(mountpoint)/source")] = .whole
      sums[try Reclaim.checksum("\(mountpoint)/old")] = .old
      length = try Headroom.run("copy", "\(mountpoint)/source", "\(mountpoint)/copy").elapsed
      allocated = try CopyImage.allocated("\(mountpoint)/copy")
    }
    var random = Seed.current.derived(block.count)
    var counts: [Found: Int] = [:]
    let perRun = LongProof.count(5, sample: 3)
    for run in 0..<LongProof.count(5, sample: 1) {
      let hasOld = run % 3 != 1
      // Copies take longer when all is written back meanwhile.
      let last = Int(length / .microseconds(1)) * 13 / 10
      let moments = (0..<perRun).map { _ in Int.random(in: 0...last, using: &random) }.sorted()
      let snapshots = try disk.run { mountpoint, cut in
        if hasOld { try Command.check("mv", "\(mountpoint)/old", "\(mountpoint)/copy") }
        try Command.check("sync", "-f", mountpoint)
        // At the moment it says that it is done, it is.
        return try PowerCutRun.snapshots(
          of: ["copy", "\(mountpoint)/source", "\(mountpoint)/copy"], at: moments, on: mountpoint,
          isSynced: run % 2 != 0, cut)
      }
      for (number, snapshot) in snapshots.enumerated() {
        let words = "block \(block), \(cache.rawValue), \(Seed.current), run \(run), cut \(number) at \(moments) µs"
        let found = try check(snapshot, sums, allocated, words)
        #expect(found != (hasOld ? .nothing : .old), "\(words)")
        if number == perRun { #expect(found == .whole, "\(words)") }
        counts[found, default: 0] += 1
        try disk.remove(snapshot)
      }
    }
    let figures = counts.map { "\($0.value) \($0.key.rawValue)" }.sorted().joined(separator: ", ")
    print("copy, power cuts, block \(block), \(cache.rawValue): \(figures)")
  }

  private func check(
    _ snapshot: String, _ sums: [String: Found], _ allocated: UInt64, _ words: String
  ) throws -> Found {
    func source(_ mountpoint: String) throws -> Found? { try sums[Reclaim.checksum("\(mountpoint)/source")] }
    let found = try LoopMount.with(image: snapshot, type: "ext4") { mountpoint, _ in
      #expect(try source(mountpoint) == .whole, "\(words)")
      guard FileManager.default.fileExists(atPath: "\(mountpoint)/copy") else { return Found.nothing }
      return try #require(sums[Reclaim.checksum("\(mountpoint)/copy")], "half a copy: \(words)")
    }
    let checked = try Command.run("e2fsck", "-fn", snapshot)
    #expect(checked.status == 0, "\(words): \(checked)")
    try LoopMount.with(image: snapshot, type: "ext4") { mountpoint, _ in
      _ = try CopyImage.copy("--verify", "\(mountpoint)/source", "\(mountpoint)/copy")
      #expect(try sums[Reclaim.checksum("\(mountpoint)/copy")] == .whole, "\(words)")
      #expect(try source(mountpoint) == .whole, "\(words)")
      #expect(try CopyImage.allocated("\(mountpoint)/copy") == allocated, "\(words)")
      #expect(try CopyImage.entries(mountpoint).filter { $0.contains("headroom") } == [], "\(words)")
    }
    return found
  }
}
