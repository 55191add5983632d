import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// What is promised is what the filesystem gains, the content stays, and what is left is what fallocate(1) leaves.
@Suite(.needsRootAndLoop, .needsTool("fallocate", "filefrag", "sha256sum"), .serialized)
struct ReclaimFilesystemTests {
  /// Digs into `image`, of which `twin` is a copy that fallocate digs into; checks everything that always holds.
  private func prove(_ image: String, twin: String?, on mountpoint: String) throws -> Reclaim.Outcome {
    let content = try Reclaim.checksum(image)
    let before = try Reclaim.syncedFree(mountpoint)
    let done = try Reclaim.run("--apply", "--verify", image)
    let after = try Reclaim.syncedFree(mountpoint)
    #expect(try Reclaim.checksum(image) == content)
    let result = try done.image
    #expect([.done, .nothing].contains(result.state))
    if result.state == .done {
      #expect(result.contentUnchanged == true)
      #expect(result.lease == .held)
      #expect(result.punchedBytes == result.rangeBytes)
      #expect(after - before >= result.leastGain.bytes, "\(result): \(after - before)")
    } else {
      #expect(after == before)
    }
    if let twin {
      try Command.check("fallocate", "--dig-holes", twin)
      #expect(try Reclaim.mapped(image) == Reclaim.mapped(twin))
    }
    let again = try Reclaim.run(image)
    #expect(try again.image.state == .nothing)
    #expect(try again.image.rangeCount == 0)
    return done
  }

  /// Within 0.1 %, or not less than the bound where one is stated.
  private func expectExact(_ done: Reclaim.Outcome, isBound: Bool = false) throws {
    let filesystem = try done.filesystem
    let gained = try #require(filesystem.freeAfter) - filesystem.freeBefore
    let promised = filesystem.gain
    let words = "gained \(gained.bytes) of \(promised.bytes), at least \(filesystem.leastGain.bytes)"
    if isBound {
      #expect(filesystem.leastGain < promised && gained >= filesystem.leastGain, "\(words)")
    } else {
      #expect(abs(gained.bytes - promised.bytes) <= promised.bytes / 1000, "\(words)")
    }
  }

  @Test("ext4 gains what was foretold, extent blocks included", arguments: ["1024", "4096"], [4096, 65536])
  func ext4GainsWhatWasForetold(block: String, stripe: Int) throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 200, mkfsArguments: ["-b", block]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 32, stripe: stripe)
      try Command.check("cp", "--sparse=never", image, "\(mountpoint)/twin")
      let done = try prove(image, twin: "\(mountpoint)/twin", on: mountpoint)
      #expect(try done.image.reclaimable == .mebibytes(16))
      try expectExact(done)
    }
  }

  @Test("ext2, with its indirect blocks, gains at least what was foretold") func ext2GainsWhatWasForetold() throws {
    try LoopMount.withFilesystem("ext2", sizeMiB: 200, mkfsArguments: ["-b", "4096"]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 32, stripe: 65536)
      let done = try prove(image, twin: nil, on: mountpoint)
      try expectExact(done)
    }
  }

  @Test("bigalloc gives back whole clusters only", arguments: [4096, 65536])
  func bigallocGivesBackWholeClustersOnly(stripe: Int) throws {
    let mkfs = ["-b", "4096", "-O", "bigalloc", "-C", "65536"]
    try LoopMount.withFilesystem("ext4", sizeMiB: 400, mkfsArguments: mkfs) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 32, stripe: stripe)
      let done = try prove(image, twin: nil, on: mountpoint)
      #expect(try done.image.zeroBytes == (stripe == 65536 ? .mebibytes(16) : .zero))
      #expect(try done.image.unitBytes == .kibibytes(64))
      if stripe == 65536 { try expectExact(done) }
    }
  }

  @Test("xfs gains no less than was foretold", .needsFilesystem("xfs"), arguments: [4096, 65536])
  func xfsGainsNoLessThanWasForetold(stripe: Int) throws {
    // Else what xfs allocated ahead of the writes is given back some time while we look.
    try LoopMount.withFilesystem("xfs", sizeMiB: 400, options: ["allocsize=64k"]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 32, stripe: stripe)
      try Command.check("cp", "--sparse=never", "--reflink=never", image, "\(mountpoint)/twin")
      let done = try prove(image, twin: "\(mountpoint)/twin", on: mountpoint)
      #expect(try done.image.reclaimable == .mebibytes(16))
      try expectExact(done)
    }
  }

  @Test("what a reflinked copy shares is left alone", .needsFilesystem("xfs"))
  func whatAReflinkedCopySharesIsLeftAlone() throws {
    try LoopMount.withFilesystem("xfs", sizeMiB: 400, options: ["allocsize=64k"]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 16, stripe: 65536)
      try Command.check("cp", "--reflink=always", image, "\(mountpoint)/copy")
      // Its own again, zeros and all.
      try Command.check("dd", "if=/dev/zero", "of=\(image)", "bs=1M", "count=2", "conv=notrunc,fsync", "status=none")
      let done = try prove(image, twin: nil, on: mountpoint)
      #expect(try done.image.reclaimable == .mebibytes(2))
      #expect(try done.image.reasons == [.shared])
      try expectExact(done)
    }
  }

  @Test(
    "two reflinked images keep their common zeros, each names the other, and a copy that is not reflinked frees both",
    .needsFilesystem("xfs", "btrfs"), arguments: ["xfs", "btrfs"])
  func twoReflinkedImagesKeepTheirCommonZeros(type: String) throws {
    // As above: nothing that xfs gives back while we look.
    let options = type == "xfs" ? ["allocsize=64k"] : []
    try LoopMount.withFilesystem(type, sizeMiB: 600, options: options) { mountpoint, _ in
      let (image, twin) = ("\(mountpoint)/image", "\(mountpoint)/twin")
      try Command.check("dd", "if=/dev/urandom", "of=\(image)", "bs=1M", "count=8", "conv=fsync", "status=none")
      try Command.check(
        "dd", "if=/dev/zero", "of=\(image)", "bs=1M", "count=16", "seek=8", "conv=fsync,notrunc", "status=none")
      try Command.check("cp", "--reflink=always", image, twin)
      let content = try Reclaim.checksum(image)
      let free = try Reclaim.syncedFree(mountpoint)
      let both = try Reclaim.run("--apply", image, twin)
      for (own, other) in try zip(both.filesystem.images, [twin, image]) {
        #expect(own.state == .nothing)
        #expect(own.reasons?.contains(.shared) == true)
        #expect(own.notes?.contains { $0.hasPrefix("16.0 MiB of its zeros") && $0.contains("'\(other)'") } == true)
      }
      #expect(try Reclaim.syncedFree(mountpoint) == free)
      #expect(try Reclaim.run(image).image.notes == nil)
      // What it says helps.
      _ = try CopyImage.copy("--reflink=never", image, "\(twin).new")
      try Command.check("mv", "\(twin).new", twin)
      #expect(try Reclaim.run("--apply", "--verify", image).image.reclaimable == .mebibytes(16))
      #expect(try Reclaim.checksum(image) == content && Reclaim.checksum(twin) == content)
    }
  }

  @Test("btrfs gives back extents that are zero as a whole, and no others are touched", .needsFilesystem("btrfs"))
  func btrfsGivesBackExtentsThatAreZeroAsAWhole() throws {
    try LoopMount.withFilesystem("btrfs", sizeMiB: 600) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 16, stripe: 65536)
      let half = try prove(image, twin: nil, on: mountpoint)
      #expect(try half.image.state == .nothing)
      #expect(try half.image.reasons == [.partOfLargerExtent])
      // Two syncs, so two extents.
      try Command.check(
        "dd", "if=/dev/zero", "of=\(image)", "bs=1M", "count=16", "seek=16", "conv=fsync,notrunc", "status=none")
      let done = try prove(image, twin: nil, on: mountpoint)
      #expect(try done.image.reclaimable == .mebibytes(16))
      try expectExact(done, isBound: true)
    }
  }

  @Test(
    "btrfs keeps what a snapshot refers to or what is compressed", .needsFilesystem("btrfs"), arguments: [false, true])
  func btrfsKeepsWhatASnapshotRefersTo(isCompressed: Bool) throws {
    let options = isCompressed ? ["compress-force=zstd"] : []
    try LoopMount.withFilesystem("btrfs", sizeMiB: 600, options: options) { mountpoint, _ in
      try Command.check("btrfs", "subvolume", "create", "\(mountpoint)/sub")
      let image = "\(mountpoint)/sub/image"
      try Command.check("dd", "if=/dev/zero", "of=\(image)", "bs=1M", "count=16", "conv=fsync", "status=none")
      if !isCompressed {
        try Command.check("btrfs", "subvolume", "snapshot", "-r", "\(mountpoint)/sub", "\(mountpoint)/snapshot")
      }
      let done = try prove(image, twin: nil, on: mountpoint)
      #expect(try done.image.zeroBytes == .mebibytes(16))
      #expect(try done.image.state == .nothing)
      #expect(try done.image.reasons?.contains(isCompressed ? .encoded : .shared) == true)
    }
  }

  @Test("tmpfs gains what was foretold, and has no lease to give or has one") func tmpfsGains() throws {
    try LoopMount.withFilesystem("tmpfs", sizeMiB: 64) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 16, stripe: 65536)
      try expectExact(try Reclaim.run("--apply", "--verify", image))
    }
  }

  @Test("an unaligned end gives back its whole block") func anUnalignedEndGivesBackItsWholeBlock() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100, mkfsArguments: ["-b", "4096"]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.write([UInt8](repeating: 0, count: 3 * 4096 + 100), to: image)
      let done = try prove(image, twin: nil, on: mountpoint)
      #expect(try done.image.reclaimable == ByteCount(4 * 4096))
      #expect(try Reclaim.allocated(image) == 0)
      #expect(try Command.check("stat", "-c", "%s", image).text == "\(3 * 4096 + 100)\n")
    }
  }

  @Test("a dry run changes nothing: content, extents, times") func aDryRunChangesNothing() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 8, stripe: 4096)
      func state() throws -> String {
        try Command.check("stat", "-c", "%s %b %x %y %z", image).text + Command.check("filefrag", "-v", image).text
          + String(Reclaim.syncedFree(mountpoint))
      }
      let content = try Reclaim.checksum(image)
      let before = try state()
      let dry = try Reclaim.run(image)
      #expect(try dry.image.state == .planned)
      #expect(dry.report.applied == false)
      #expect(try state() == before)
      #expect(try Reclaim.checksum(image) == content)
    }
  }

  @Test("--min-run leaves short runs alone") func minRunLeavesShortRunsAlone() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 8, stripe: 4096)
      try Command.check(
        "dd", "if=/dev/zero", "of=\(image)", "bs=64K", "count=1", "seek=16", "conv=notrunc,fsync", "status=none")
      let done = try Reclaim.run("--apply", "--min-run", "64K", image)
      #expect(try done.image.rangeCount == 1)
      #expect(try Reclaim.run("--min-run", "64K", image).image.state == .nothing)
      #expect(try Reclaim.run(image).image.state == .planned)
    }
  }
}
