import Foundation
import SpaceReport
import TestSupport
import Testing

/// What measuring a payload costs, and that it only reads.
@Suite(.needsTool("mksquashfs", "perl")) struct PayloadCostTests {
  @Test("a squashfs of 100,000 inodes takes little memory, all counting included", .needsTool("time"))
  func aSquashfsOf100000InodesTakesLittleMemory() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, files: 100)
    // Files from a list: mksquashfs runs the command for the data of each, so empty ones of a device's kind are taken.
    let list = (0..<200).map { directory in
      "d\(directory) d 755 0 0\n"
        + (0..<500).map { "d\(directory)/a-file-with-a-name-\($0) c 644 0 0 1 3\n" }.joined()
    }
    let squashfs = try tree.squashfs("a.squashfs", ["-comp", "zstd", "-pf", scratch.write(list.joined(), to: "list")])
    let state = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 600, mkfsArguments: ["-L", "COS_STATE"])
    let (result, bytes) = try Command.peakMemory(
      Products.headroom(), arguments: ["plan", "--json", "--disk", state, "--incoming", squashfs],
      environment: Headroom.environment)
    let report = try Headroom.report(result)
    print("measured 100,000 inodes with \(bytes >> 10) KiB in \(result.elapsed)")
    #expect(bytes < 100 << 20, "\(bytes >> 10) KiB")
    // So many inodes are more than such a partition has, which is part of the answer.
    #expect(report.projections.first?.cause == .stateInodes)
  }

  @Test("a plan only reads, whatever form the payload has", .needsTool("strace", "genisoimage"))
  func aPlanOnlyReads() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, files: 200)
    let squashfs = try tree.squashfs("a.squashfs")
    let state = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 600, mkfsArguments: ["-L", "COS_STATE"])
    let files = try [squashfs, tree.iso("a.iso", of: squashfs), tree.ext("a.img")]
    let sums = try files.map { try Command.check("sha256sum", $0).text }
    let times = try Command.check("stat", arguments: ["-c", "%x %y %z"] + files).text
    for payload in files + [tree.path] {
      let trace = try SystemCallTrace.of(["plan", "--disk", state, "--incoming", payload])
      #expect(trace.result.status != 3, "\(trace.result)")
      #expect(trace.offences == [], "\(payload)")
    }
    #expect(try Command.check("stat", arguments: ["-c", "%x %y %z"] + files).text == times)
    #expect(try files.map { try Command.check("sha256sum", $0).text } == sums)
  }
}
