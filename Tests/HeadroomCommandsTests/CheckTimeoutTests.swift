import Foundation
import SpaceReport
import TestSupport
import Testing

/// A gate that has a time limit ends by then with what it knows.
@Suite(.serialized) struct CheckTimeoutTests {
  @Test(
    "an image that takes longer: what was measured without reading is there, and the answer is unknown",
    .needsTool("strace"))
  func longImage() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let image = scratch.file("long.img")
    try Command.check("dd", "if=/dev/zero", "of=\(image)", "bs=1M", "count=1024", "conv=fsync", "status=none")
    // On a machine with other work even the quick part takes its time; the first limit that it fits in counts.
    for milliseconds in [250, 500, 1000, 2000] {
      // Out of the page cache, where zeros are found without a call, and slowly: 20 ms for each of its reads.
      try Command.check("dd", "if=\(image)", "iflag=nocache", "count=0", "status=none")
      let slow = ["-f", "-qq", "-o", "/dev/null", "-P", image, "-e", "inject=pread64,preadv2:delay_exit=20000"]
      let check = ["check", "--json", "--disk", disk, "--image", image, "--warn-reclaimable", "1G"]
      let result = try Command.run(
        "strace", arguments: slow + [Products.headroom()] + check + ["--timeout", "\(milliseconds)ms"],
        environment: Headroom.environment)
      #expect(result.status == 3, "\(result)")
      #expect(result.elapsed < .milliseconds(milliseconds + 2000), "took \(result.elapsed)")
      let report = try Headroom.report(result)
      #expect(report.verdict == .unknown)
      #expect(report.findings(.auditIncomplete).count == 1)
      #expect(report.limits.contains { $0.id == "audit-incomplete" })
      if let images = report.partitions.first(where: { $0.filesystemLabel == "COS_STATE" })?.images {
        #expect(!images.isEmpty)
        return
      }
    }
    Issue.record("what was measured first is in no report")
  }

  @Test("a limit that is long enough changes nothing") func enoughTime() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let environment = ["SOURCE_DATE_EPOCH": "1700000000"]
    for words in [["--margin", "8M"], ["--incoming-size", "20M"], ["--label", "NO_SUCH"]] {
      let check = ["check", "--json", "--disk", disk] + words
      let plain = try Headroom.run(arguments: check, environment: environment)
      let timed = try Headroom.run(arguments: check + ["--timeout", "1m"], environment: environment)
      #expect(timed.status == plain.status)
      #expect(timed.text == plain.text)
      #expect(timed.errors == plain.errors)
    }
  }

  @Test(
    "a device that hangs: the check ends in time, whatever becomes of who waits for it", .needsRootAndLoop,
    .needsTool("fuse2fs", "fusermount"))
  func silentDevice() throws {
    let scratch = try ScratchDirectory()
    let good = try scratch.sparseFile("good.img", bytes: 16 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-L", "GOOD", good)
    let silent = try SilentDevice(in: scratch)
    defer { silent.end() }
    try silent.stop()
    let result = try Headroom.run(
      "check", "--json", "--device", silent.path, "--disk", good, "--timeout", "1s", timeout: .seconds(20))
    #expect(result.elapsed < .seconds(2), "took \(result.elapsed)")
    #expect(result.status == 3, "\(result)")
    #expect(try Headroom.report(result).findings(.auditIncomplete).count == 1)
  }

  @Test("what is no duration is a slip", arguments: ["0", "-1s", "soon", "1d", "1e3", ""])
  func noDuration(text: String) throws {
    #expect(try Headroom.run("check", "--timeout=\(text)").status == 64)
  }
}
