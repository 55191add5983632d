import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The disk under the image fails while holes are dug.
@Suite(.needsRootAndLoop, .needsTool("nbdkit", "nbdfuse", "sha256sum", "e2fsck"), .serialized)
struct ReclaimDiskErrorTests {
  @Test(
    "I/O errors end it with a clear error; the content is intact, and when they are over a rerun finishes",
    arguments: LongProof.cases(FaultyDisk.Case.all, sample: 2))
  func errors(row: FaultyDisk.Case) throws {
    var content = ""
    let disk = try FaultyDisk(mkfsArguments: ["-b", "1024"]) { mountpoint in
      try Reclaim.makeStripes("\(mountpoint)/image", mebibytes: 8, stripe: 1024)
      content = try Reclaim.checksum("\(mountpoint)/image")
    }
    func arguments(_ mountpoint: String) -> [String] {
      ["reclaim", "--json", "--apply", "--verify", "\(mountpoint)/image"]
    }
    try disk.rounds(row, salt: 0, arguments) { outcome, isDone, words in
      if !isDone {
        // What it says it has done it has.
        if let image = try? Reclaim.decoded(outcome.result).filesystems.first?.images.first {
          #expect(image.state == .failed || (image.state == .done && image.contentUnchanged != false), "\(words)")
        }
      }
      try disk.afterwards { mountpoint, isRepaired in
        let image = "\(mountpoint)/image"
        #expect(try Reclaim.checksum(image) == content, "\(words)")
        guard isRepaired else { return }
        let state = try Reclaim.run("--apply", "--verify", image).image.state
        #expect([.done, .nothing].contains(state), "\(words)")
        #expect(try Reclaim.run(image).image.rangeCount == 0, "\(words)")
        #expect(try Reclaim.checksum(image) == content, "\(words)")
      }
    }
  }
}
