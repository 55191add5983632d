import ExtentAnalyzer
import FilesystemReader
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

/// Looking inside images, two levels deep: disk, partition, image file, its filesystem.
@Suite struct NestedImageTests {
  @Test("an image inside a partition tells its label, space and system")
  func anImageInsideAPartitionTellsItsLabelSpaceAndSystem() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("harvester-1.4.2-fresh", in: scratch)
    let file = try ReadOnlyFile.open(FilePath(disk), expecting: .regularFile)
    // COS_STATE's place, by sfdisk.
    let table = try Command.check("sfdisk", "--json", disk)
    struct Layout: Decodable {
      struct Table: Decodable { var partitions: [Entry] }
      struct Entry: Decodable { var start: UInt64, size: UInt64, name: String? }
      var partitiontable: Table
    }
    let layout = try JSONDecoder().decode(Layout.self, from: Data(table.output))
    let state = try #require(layout.partitiontable.partitions.first { $0.name == "state" })
    let slice = SourceSlice(
      of: try FileSource(file), range: ByteRange(start: state.start * 512, length: state.size * 512), path: "state")
    let ext = try ExtFilesystem(slice)
    #expect(ext.superblock.label == "COS_STATE")
    let inode = try #require(try ext.lookUp("/cOS/active.img"))
    let image = try ext.open(inode: inode, path: "cOS/active.img")
    let inside = InnerInspection.of(image)
    #expect(inside.failure == nil)
    #expect(inside.filesystem?.filesystemType == "ext2")
    #expect(inside.filesystem?.filesystemLabel == "COS_ACTIVE")
    #expect(inside.os?.prettyName == "Harvester v1.4.2")
    let capacity = try #require(inside.filesystem?.capacityBytes)
    let used = try #require(inside.filesystem?.usedBytes)
    let free = try #require(inside.filesystem?.freeBytes)
    #expect(capacity == ByteCount(clamping: image.size))
    #expect(used + free == capacity)
    // The same, by the tools, from a copy that is unpacked.
    let copy = scratch.file("active.img")
    try Command.check(
      "debugfs", "-R", "dump /cOS/active.img \(copy)", "\(disk)?offset=\(state.start * 512)")
    let counts = try Command.check("dumpe2fs", "-h", copy).text
    #expect(counts.contains("Free blocks:              \(free.bytes / 4096)\n"))
  }

  /// Deleting inside an image frees nothing on the host, and no zero scan sees it.
  @Test("blocks that are free inside and allocated outside are stale")
  func blocksThatAreFreeInsideAndAllocatedOutsideAreStale() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.write([UInt8](repeating: 0xA5, count: 8 << 20), to: "big")
    let image = try scratch.sparseFile("image", bytes: 64 << 20)
    try Command.check("mkfs.ext2", "-q", "-F", "-b", "4096", image)
    try Command.check("debugfs", "-w", "-R", "write \(scratch.file("big")) big", image)
    func stale() throws -> (stale: UInt64, estimate: UInt64) {
      let source = try LiveFile(ReadOnlyFile.open(FilePath(image), expecting: .regularFile), allocationUnit: 4096)
      var analyzer = ImageAnalyzer()
      analyzer.readsData = false
      let measurement = try analyzer.measure(source)
      let inside = InnerInspection.of(source)
      let free = try #require(inside.freeRuns)
      return (
        InnerOverlap.allocated(free, in: measurement.map),
        InnerOverlap.reclaimable(
          ByteRange.union(free + inside.idleRuns), in: measurement, of: source
        ).bytes
      )
    }
    let before = try stale()
    try Command.check("debugfs", "-w", "-R", "rm big", image)
    let after = try stale()
    #expect(after.stale - before.stale >= 8 << 20)
    #expect(after.estimate - before.estimate >= 8 << 20)
  }

  @Test("a squashfs is recognised, with its size and without a label")
  func aSquashfsIsRecognisedWithItsSizeAndWithoutALabel() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree")
    _ = try scratch.write("hello", to: "tree/file")
    let image = scratch.file("recovery.squashfs")
    try Command.check("mksquashfs", scratch.file("tree"), image, "-noappend", "-no-progress", "-quiet")
    let inside = InnerInspection.of(try FileSource(ReadOnlyFile.open(FilePath(image), expecting: .regularFile)))
    #expect(inside.filesystem?.filesystemType == "squashfs")
    #expect(inside.filesystem?.filesystemLabel == nil)
    let used = try #require(inside.filesystem?.usedBytes)
    let size = try FileManager.default.attributesOfItem(atPath: image)[.size] as? Int
    // mksquashfs pads the file to 4 KiB.
    #expect(used.bytes > 0 && used.bytes <= size ?? 0)
  }

  @Test("other filesystems tell label and size from their superblock", arguments: ["xfs", "btrfs"])
  func otherFilesystemsTellLabelAndSizeFromTheirSuperblock(type: String) throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem(type, in: scratch, sizeMiB: 400, mkfsArguments: ["-L", "SOME_LABEL"])
    let inside = InnerInspection.of(try FileSource(ReadOnlyFile.open(FilePath(image), expecting: .regularFile)))
    #expect(inside.filesystem?.filesystemType == type)
    #expect(inside.filesystem?.filesystemLabel == "SOME_LABEL")
    // Its bitmaps were not read, so nothing is known of stale blocks.
    #expect(inside.freeRuns == nil)
    let capacity = try #require(inside.filesystem?.capacityBytes)
    #expect(capacity > .mebibytes(300) && capacity <= .mebibytes(400))
  }

  @Test("a file that holds nothing known has no inside") func aFileThatHoldsNothingKnownHasNoInside() throws {
    let scratch = try ScratchDirectory()
    let path = try scratch.write([UInt8](repeating: 7, count: 100_000), to: "file")
    let inside = InnerInspection.of(try FileSource(ReadOnlyFile.open(FilePath(path), expecting: .regularFile)))
    #expect(inside.filesystem == nil && inside.failure == nil)
  }
}
