import ExtentAnalyzer
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

/// What `reclaimable` promises is what the filesystem gains when the zero units are punched: never less, and exactly
/// that where the filesystem frees what is punched.
///
/// The rows are those where tools that count zero blocks are wrong.
@Suite(.needsRootAndLoop, .serialized)
struct ReclaimableTests {
  static let mebibyte = 1 << 20

  /// Writes `bytes` in stripes of data and zeros of `stripe` bytes each.
  private func stripes(_ path: String, bytes: Int, stripe: Int) throws {
    var data = Data(count: bytes)
    for start in stride(from: 0, to: bytes, by: stripe * 2) {
      for index in start..<min(start + stripe, bytes) { data[index] = UInt8(truncatingIfNeeded: index | 1) }
    }
    try data.write(to: URL(fileURLWithPath: path))
    try Command.check("sync", path)
  }

  private struct Outcome {
    var measurement: ImageMeasurement
    var zero: ZeroTotals
    /// What the filesystem gained by punching every zero unit.
    var gain: Int
    /// Extent blocks that the dig itself added to the file.
    var added: Int
  }

  private func punch(_ path: String, at mountpoint: String, unit: UInt64? = nil) throws -> Outcome {
    let source = try LiveFile(ReadOnlyFile.open(FilePath(path), expecting: .regularFile), allocationUnit: unit)
    var zeros: [ByteRange] = []
    let measurement = try ImageAnalyzer().measure(source) { segment in
      if segment.kind == .zero { zeros.append(segment.range.expanded(toMultipleOf: source.host.blockSize)) }
    }
    let zero = try #require(measurement.zero)
    let before = try free(mountpoint)
    let file = open(path, O_RDWR)
    defer { close(file) }
    for run in ByteRange.union(zeros) {
      try SystemCalls.fallocate(
        file, mode: SystemCalls.punchHole | SystemCalls.keepSize, offset: Int(run.start), length: Int(run.length),
        path: path)
    }
    fsync(file)
    let after = try free(mountpoint)
    let again = try ImageAnalyzer().measure(LiveFile(ReadOnlyFile.open(FilePath(path), expecting: .regularFile)))
    return Outcome(
      measurement: measurement, zero: zero, gain: after - before,
      added: Int(again.metadata ?? 0) - Int(measurement.metadata ?? 0))
  }

  private func free(_ mountpoint: String) throws -> Int {
    try Command.check("sync", "-f", mountpoint)
    // btrfs gives space back when its cleaner has run.
    if FileManager.default.fileExists(atPath: "/usr/bin/btrfs") || Command.exists("btrfs") {
      _ = try Command.run("btrfs", "filesystem", "sync", mountpoint)
    }
    let directory = try ReadOnlyFile.open(FilePath(mountpoint), expecting: .directory)
    return Int(try FilesystemStatistics.of(directory).free)
  }

  @Test("plain ext4 gives back every zero block", arguments: ["1024", "4096"])
  func plainExt4GivesBackEveryZeroBlock(block: String) throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 200, mkfsArguments: ["-b", block]) { mountpoint, _ in
      try stripes("\(mountpoint)/image", bytes: 16 * Self.mebibyte, stripe: 4096)
      let outcome = try punch("\(mountpoint)/image", at: mountpoint)
      #expect(outcome.zero.reclaimable == 8 << 20)
      #expect(outcome.zero.reasons.isEmpty)
      #expect(outcome.gain == 8 << 20 - outcome.added)
    }
  }

  @Test("an unaligned end gives back its whole block") func anUnalignedEndGivesBackItsWholeBlock() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100, mkfsArguments: ["-b", "4096"]) { mountpoint, _ in
      let path = "\(mountpoint)/image"
      try Data(count: 3 * 4096 + 100).write(to: URL(fileURLWithPath: path))
      try Command.check("sync", path)
      let outcome = try punch(path, at: mountpoint)
      #expect(outcome.zero.zeroBytes == 3 * 4096 + 100)
      #expect(outcome.zero.reclaimable == 4 * 4096)
      #expect(outcome.gain == 4 * 4096)
    }
  }

  @Test("bigalloc gives back whole clusters only", arguments: [4096, 65536])
  func bigallocGivesBackWholeClustersOnly(stripe: Int) throws {
    let mkfs = ["-b", "4096", "-O", "bigalloc", "-C", "65536"]
    try LoopMount.withFilesystem("ext4", sizeMiB: 400, mkfsArguments: mkfs) { mountpoint, _ in
      try stripes("\(mountpoint)/image", bytes: 16 * Self.mebibyte, stripe: stripe)
      let outcome = try punch("\(mountpoint)/image", at: mountpoint, unit: 65536)
      let expected = stripe == 65536 ? 8 << 20 : 0
      #expect(Int(outcome.zero.reclaimable) == expected)
      #expect(outcome.gain == expected - outcome.added)
    }
  }

  /// statfs and stat do not tell a cluster's size.
  @Test("a cluster size that nobody tells is found all the same") func aClusterSizeThatNobodyTellsIsFoundAllTheSame()
    throws
  {
    let mkfs = ["-b", "4096", "-O", "bigalloc", "-C", "65536"]
    try LoopMount.withFilesystem("ext4", sizeMiB: 400, mkfsArguments: mkfs) { mountpoint, _ in
      try stripes("\(mountpoint)/image", bytes: 16 * Self.mebibyte, stripe: 4096)
      let outcome = try punch("\(mountpoint)/image", at: mountpoint)
      #expect(outcome.measurement.unit.bytes == 65536)
      #expect(outcome.zero.reclaimable == 0)
    }
  }

  @Test("plain xfs gives back every zero block") func plainXfsGivesBackEveryZeroBlock() throws {
    // Else what xfs allocated ahead of the writes is given back some time while we look.
    try LoopMount.withFilesystem("xfs", sizeMiB: 400, options: ["allocsize=64k"]) { mountpoint, _ in
      try stripes("\(mountpoint)/image", bytes: 16 * Self.mebibyte, stripe: 4096)
      let outcome = try punch("\(mountpoint)/image", at: mountpoint)
      #expect(outcome.zero.reclaimable == 8 << 20)
      #expect(outcome.zero.reasons.isEmpty)
      #expect(abs(outcome.gain - (8 << 20)) <= max(outcome.added, 256 << 10))
    }
  }

  @Test("a reflinked copy promises nothing, and its last owner everything")
  func aReflinkedCopyPromisesNothingAndItsLastOwnerEverything() throws {
    // Else what xfs allocated ahead of the writes is given back some time while we look.
    try LoopMount.withFilesystem("xfs", sizeMiB: 400, options: ["allocsize=64k"]) { mountpoint, _ in
      try stripes("\(mountpoint)/image", bytes: 16 * Self.mebibyte, stripe: 4096)
      try Command.check("cp", "--reflink=always", "\(mountpoint)/image", "\(mountpoint)/copy")
      let first = try punch("\(mountpoint)/copy", at: mountpoint)
      #expect(first.zero.zeroBytes == 8 << 20)
      #expect(first.zero.reclaimable == 0)
      #expect(first.zero.reasons == [.shared])
      #expect(first.gain <= 0)
      let last = try punch("\(mountpoint)/image", at: mountpoint)
      #expect(last.zero.reclaimable == 8 << 20)
      #expect(abs(last.gain - (8 << 20)) <= 256 << 10)
    }
  }

  /// btrfs allocates its own metadata as it goes; a MiB of it is no news.
  private static let btrfsMetadata = 2 << 20

  @Test("btrfs gives back extents that are zero as a whole") func btrfsGivesBackExtentsThatAreZeroAsAWhole() throws {
    try LoopMount.withFilesystem("btrfs", sizeMiB: 600) { mountpoint, _ in
      let path = "\(mountpoint)/image"
      // Two syncs, so two extents.
      try Command.check("dd", "if=/dev/urandom", "of=\(path)", "bs=1M", "count=16", "conv=fsync")
      try Command.check(
        "dd", "if=/dev/zero", "of=\(path)", "bs=1M", "count=16", "seek=16", "conv=fsync,notrunc")
      let outcome = try punch(path, at: mountpoint)
      #expect(outcome.zero.reclaimable == 16 << 20)
      #expect(outcome.zero.reasons.isEmpty)
      #expect(abs(outcome.gain - (16 << 20)) <= Self.btrfsMetadata)
    }
  }

  @Test("btrfs keeps an extent that is half zero") func btrfsKeepsAnExtentThatIsHalfZero() throws {
    try LoopMount.withFilesystem("btrfs", sizeMiB: 600) { mountpoint, _ in
      try stripes("\(mountpoint)/image", bytes: 16 * Self.mebibyte, stripe: 4096)
      let outcome = try punch("\(mountpoint)/image", at: mountpoint)
      #expect(outcome.zero.zeroBytes == 8 << 20)
      #expect(outcome.zero.reclaimable == 0)
      #expect(outcome.zero.reasons == [.partOfLargerExtent])
      #expect(outcome.gain <= 0)
    }
  }

  @Test("btrfs keeps what a snapshot refers to") func btrfsKeepsWhatASnapshotRefersTo() throws {
    try LoopMount.withFilesystem("btrfs", sizeMiB: 600) { mountpoint, _ in
      try Command.check("btrfs", "subvolume", "create", "\(mountpoint)/sub")
      let path = "\(mountpoint)/sub/image"
      try Command.check("dd", "if=/dev/urandom", "of=\(path)", "bs=1M", "count=16", "conv=fsync")
      try Command.check(
        "dd", "if=/dev/zero", "of=\(path)", "bs=1M", "count=16", "seek=16", "conv=fsync,notrunc")
      try Command.check("btrfs", "subvolume", "snapshot", "-r", "\(mountpoint)/sub", "\(mountpoint)/snapshot")
      let outcome = try punch(path, at: mountpoint)
      #expect(outcome.zero.zeroBytes == 16 << 20)
      #expect(outcome.zero.reclaimable == 0)
      #expect(outcome.zero.reasons.contains(.shared))
      #expect(outcome.gain <= 0)
    }
  }

  @Test("compressed btrfs extents promise nothing") func compressedBtrfsExtentsPromiseNothing() throws {
    try LoopMount.withFilesystem("btrfs", sizeMiB: 600, options: ["compress-force=zstd"]) { mountpoint, _ in
      let path = "\(mountpoint)/image"
      try Command.check("dd", "if=/dev/zero", "of=\(path)", "bs=1M", "count=32", "conv=fsync")
      let outcome = try punch(path, at: mountpoint)
      #expect(outcome.zero.zeroBytes == 32 << 20)
      #expect(outcome.zero.reclaimable == 0)
      #expect(outcome.zero.reasons.contains(.encoded))
      #expect(outcome.gain >= 0)
      let usage = outcome.measurement.usage(path: "image", role: .other)
      #expect(usage.metadataBytes == nil)
    }
  }

  @Test("preallocation that was never written is no zero data, read or not", arguments: ["ext4", "xfs"])
  func preallocationThatWasNeverWrittenIsNoZeroDataReadOrNot(type: String) throws {
    try LoopMount.withFilesystem(type, sizeMiB: 400) { mountpoint, _ in
      let path = "\(mountpoint)/image"
      try Command.check("fallocate", "-l", "16M", path)
      for _ in 0..<2 {
        let measurement = try ImageAnalyzer().measure(
          LiveFile(ReadOnlyFile.open(FilePath(path), expecting: .regularFile)))
        #expect(measurement.totals.unwritten == 16 << 20)
        #expect(measurement.zero?.zeroBytes == 0)
        #expect(measurement.zero?.reclaimable == 0)
        _ = try Data(contentsOf: URL(fileURLWithPath: path))
      }
    }
  }
}
