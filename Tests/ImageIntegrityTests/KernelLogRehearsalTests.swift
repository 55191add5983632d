import Foundation
import ImageIntegrity
import LinuxStorage
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// Writes that are really lost, and what this machine's kernel says of them.
@Suite(.serialized, .needsRootAndLoop, .needsTool("mkfs.ext4", "mkfs.ext2", "dumpe2fs")) struct KernelLogRehearsalTests
{
  @Test(
    "the running kernel names the ranges of a sparse image that were lost on a full partition",
    .enabled(if: access("/dev/kmsg", R_OK) == 0, "this machine shows no kernel log"))
  func runningKernelNamesLostRanges() throws {
    let scratch = try ScratchDirectory()
    let host = try LoopMount.makeFilesystem("ext4", in: scratch, name: "state.img", sizeMiB: 64)
    try LoopMount.with(image: host, type: "ext4") { state, _ in
      let image = "\(state)/active.img"
      try Command.check("truncate", "-s", "100M", image)
      try Command.check("mkfs.ext2", "-q", "-F", "-b", "4096", "-L", "COS_ACTIVE", image)
      let uuid = try #require(
        try Command.check("dumpe2fs", "-h", image).lines.first { $0.hasPrefix("Filesystem UUID:") }?
          .split(separator: " ").last)
      try LoopMount.with(image: image, type: "ext2") { inner, _ in
        // Fails in no way that dd would see.
        _ = try Command.run("dd", "if=/dev/urandom", "of=\(inner)/large", "bs=1M", "count=80")
        _ = try Command.run("sync", "-f", inner)
      }
      let log = try KernelLog.running()
      let size = ByteCount.mebibytes(100)
      let found = log.attachments.filter { $0.tie(toImageOf: size, filesystemUUID: String(uuid)) >= .capacity }
      let lost = ByteRange.union(found.flatMap { $0.lostWrites(blockBytes: 4096) })
      #expect(!lost.isEmpty, "\(log.attachments.suffix(3))")
      #expect(lost.allSatisfy { $0.end <= 100 << 20 })
      #expect(found.allSatisfy { $0.firstTime != nil })
      // What is said to be lost is not there; a part of a failed request may have been written all the same.
      let file = try FileSource(ReadOnlyFile.open(FilePath(image), expecting: .regularFile))
      let isZero = try lost.filter { $0.length >= 4096 }.map { range in
        try file.bytes(at: range.start, count: Int(range.length)).suffix(4096).allSatisfy { $0 == 0 }
      }
      #expect(isZero.contains(true), "\(lost)")
    }
  }
}
