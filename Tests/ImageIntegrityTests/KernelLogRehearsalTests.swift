import Foundation
import ImageIntegrity
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport
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
      let uuid = try #require(try filesystemUUID(of: image))
      try LoopMount.with(image: image, type: "ext2") { inner, _ in
        // Fails in no way that dd would see.
        _ = try Command.run("dd", "if=/dev/urandom", "of=\(inner)/large", "bs=1M", "count=80")
        _ = try Command.run("sync", "-f", inner)
      }
      let log = try KernelLog.running()
      let size = ByteCount.mebibytes(100)
      let found = log.attachments.filter { $0.tie(toImageOf: size, filesystemUUID: uuid) >= .capacity }
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

  @Test(
    "a dug image is damaged by the running kernel's log, its files are named, and it is not once it was written again",
    .enabled(if: access("/dev/kmsg", R_OK) == 0, "this machine shows no kernel log"), .needsTool("fallocate", "debugfs")
  )
  func runningKernelDecides() throws {
    let scratch = try ScratchDirectory()
    let host = try LoopMount.makeFilesystem("ext4", in: scratch, name: "state.img", sizeMiB: 128)
    let copy = try scratch.write([], to: "active.img")
    try LoopMount.with(image: host, type: "ext4") { state, _ in
      let image = "\(state)/active.img"
      try Command.check("truncate", "-s", "100M", image)
      try Command.check("mkfs.ext2", "-q", "-F", "-b", "4096", "-L", "COS_ACTIVE", image)
      try LoopMount.with(image: image, type: "ext2") { inner, _ in
        try Command.check("dd", "if=/dev/urandom", "of=\(inner)/large", "bs=1M", "count=40")
        // Zeros that digging takes rightly.
        try Command.check("dd", "if=/dev/urandom", "of=\(inner)/partly", "bs=64k", "count=4")
        try Command.check("dd", "if=/dev/zero", "of=\(inner)/partly", "bs=64k", "count=1", "seek=1", "conv=notrunc")
      }
      // Only the data loses its place, so that all metadata can be written.
      let blocks = try Command.check("debugfs", "-R", "blocks /large", image).lines.joined(separator: " ")
        .split(separator: " ").compactMap { UInt64($0) }
      let pointers = Set(try indirectBlocks(of: "/large", in: image))
      let data = ByteRange.union(
        blocks.filter { !pointers.contains($0) }.map { ByteRange(start: $0 * 4096, length: 4096) })
      for range in data {
        try Command.check("fallocate", "-p", "-o", "\(range.start)", "-l", "\(range.length)", image)
      }
      _ = try Command.run("dd", "if=/dev/zero", "of=\(state)/filler", "bs=1M")
      try Command.check("truncate", "-s", "-8M", "\(state)/filler")
      try Command.check("sync", "-f", state)
      try loseWrites(to: image)
      try Command.check("cp", "--sparse=always", image, copy)
    }
    let other = try scratch.write("[    0.000000] Linux version 6.4.0\n", to: "other.log")
    let alone = try verify(copy, log: other)
    #expect(alone.state == .clean, "\(alone)")
    let first = try verify(copy)
    #expect(first.state == .damaged, "\(first)")
    #expect(first.files?.map(\.path) == ["/large"])
    #expect(first.checked.contains("kernel-log"))
    // The same filesystem, written again where there is room: what the log says is of the past.
    _ = try LoopMount.with(image: copy, type: "ext2") { inner, _ in
      try Command.check("dd", "if=/dev/urandom", "of=\(inner)/large", "bs=1M", "count=40", "conv=notrunc")
    }
    let second = try verify(copy)
    #expect(second.state == .clean, "\(second)")
  }

  /// Writes `/large` inside where there is no room, until the log says of which filesystem: the kernel keeps what it prints
  /// of mounts to ten in five seconds, and the tests beside this one mount more.
  private func loseWrites(to image: String) throws {
    let uuid = try #require(try filesystemUUID(of: image))
    for _ in 0..<12 {
      try LoopMount.with(image: image, type: "ext2") { inner, _ in
        _ = try Command.run("dd", "if=/dev/urandom", "of=\(inner)/large", "bs=1M", "count=40", "conv=notrunc")
        _ = try Command.run("sync", "-f", inner)
      }
      let log = try KernelLog.running()
      if log.attachments.contains(where: { $0.filesystemUUID == uuid && !$0.lostWrites(blockBytes: 4096).isEmpty }) {
        return
      }
      sleep(6)
    }
    Issue.record("the kernel's log never names the filesystem \(uuid) with errors")
  }

  private func filesystemUUID(of image: String) throws -> String? {
    try Command.check("dumpe2fs", "-h", image).lines.first { $0.hasPrefix("Filesystem UUID:") }?
      .split(separator: " ").last.map(String.init)
  }

  private func indirectBlocks(of path: String, in image: String) throws -> [UInt64] {
    // `(IND):1234, (DIND):1235, …`
    let text = try Command.check("debugfs", "-R", "stat \(path)", image).lines.joined(separator: " ")
    return text.components(separatedBy: "IND):").dropFirst().compactMap { UInt64($0.prefix { $0.isNumber }) }
  }

  private func verify(_ image: String, log: String? = nil) throws -> Integrity {
    var request = AuditRequest()
    request.images = [FilePath(image)]
    request.depth.verification = .whole
    request.depth.kernelLog = log.map { FilePath($0) }
    var auditor = Auditor(request)
    let outcome = try auditor.run(tool: .init(name: "headroom", version: "0"), generatedAt: "2025-01-01T00:00:00Z")
    return try #require(outcome.report.partitions.first?.images?.first?.integrity)
  }
}
