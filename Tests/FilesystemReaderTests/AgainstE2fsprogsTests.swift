import ExtentAnalyzer
import FilesystemReader
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

/// A way to make an ext filesystem.
struct ExtRecipe: Sendable, CustomTestStringConvertible {
  var type: String
  var arguments: [String]
  var sizeMiB = 64

  var testDescription: String { ([type] + arguments).joined(separator: " ") }

  static let all: [ExtRecipe] = [
    ExtRecipe(type: "ext2", arguments: []),
    ExtRecipe(type: "ext2", arguments: ["-b", "1024"]),
    ExtRecipe(type: "ext3", arguments: ["-b", "2048"]),
    ExtRecipe(type: "ext4", arguments: []),
    ExtRecipe(type: "ext4", arguments: ["-b", "1024", "-L", "COS_STATE"]),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-I", "512"], sizeMiB: 300),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-O", "^has_journal"]),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-O", "^resize_inode,meta_bg"], sizeMiB: 300),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-O", "bigalloc", "-C", "65536"], sizeMiB: 300),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-O", "sparse_super2"], sizeMiB: 300),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-m", "0", "-E", "lazy_itable_init=0"]),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-O", "inline_data,quota", "-I", "256"]),
  ]

  /// Makes it with some files in it.
  func make(in scratch: ScratchDirectory) throws -> String {
    let tree = try scratch.directory("tree")
    for number in 0..<40 {
      _ = try scratch.write([UInt8](repeating: UInt8(number + 1), count: number * 3000), to: "tree/file\(number)")
    }
    let image = try scratch.sparseFile("ext.img", bytes: sizeMiB << 20)
    try Command.check("mkfs.\(type)", arguments: ["-q", "-F", "-d", tree] + arguments + [image])
    return image
  }
}

func openExt(_ path: String) throws -> ExtFilesystem {
  try ExtFilesystem(FileSource(ReadOnlyFile.open(FilePath(path), expecting: .regularFile)))
}

/// The reader against what e2fsprogs and, where it may mount, the kernel say of the same filesystem.
@Suite struct AgainstE2fsprogsTests {
  /// `Block count:              16384` and the like.
  private func dumpe2fs(_ image: String) throws -> [String: String] {
    var fields: [String: String] = [:]
    for line in try Command.check("dumpe2fs", "-h", image).lines {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return fields
  }

  @Test("superblock and free space are those of dumpe2fs", arguments: ExtRecipe.all)
  func superblockAndFreeSpaceAreThoseOfDumpe2fs(_ recipe: ExtRecipe) throws {
    let scratch = try ScratchDirectory()
    let image = try recipe.make(in: scratch)
    let fields = try dumpe2fs(image)
    let ext = try openExt(image)
    let superblock = ext.superblock
    #expect(String(superblock.blockSize) == fields["Block size"])
    #expect(String(superblock.blockCount) == fields["Block count"])
    #expect(String(superblock.inodesFree) == fields["Free inodes"])
    #expect(String(superblock.inodeSize) == fields["Inode size"])
    #expect(String(superblock.rootReservedBlocks) == fields["Reserved block count"])
    #expect(String(superblock.clusterSize) == fields["Cluster size"] ?? fields["Block size"])
    #expect(String(try ext.freeBytes() / superblock.blockSize) == fields["Free blocks"])
    #expect(try ext.freeRuns().reduce(0) { $0 + $1.length } == ext.freeBytes())
    #expect(superblock.features == fields["Filesystem features"]?.split(separator: " ").map(String.init))
    #expect(superblock.label ?? "<none>" == fields["Filesystem volume name"])
    let blkid = try Command.check("blkid", "-p", "-o", "value", "-s", "TYPE", image).text
    #expect(superblock.type == blkid.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  @Test("every file has the extents debugfs shows and the content that was put in", arguments: ExtRecipe.all)
  func everyFileHasTheExtentsDebugfsShowsAndTheContentThatWasPutIn(_ recipe: ExtRecipe) throws {
    let scratch = try ScratchDirectory()
    let image = try recipe.make(in: scratch)
    let ext = try openExt(image)
    for number in stride(from: 0, to: 40, by: 3) {
      let path = FilePath("/file\(number)")
      let inode = try #require(try ext.lookUp(path))
      let file = try ext.open(inode: inode, path: path)
      #expect(file.size == UInt64(number * 3000))
      #expect(
        try file.bytes(at: 0, count: number * 3000 + 10) == [UInt8](repeating: UInt8(number + 1), count: number * 3000))
      let blocks = try Command.check("debugfs", "-R", "blocks /file\(number)", image).text
      let shown = blocks.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
      let block = ext.superblock.blockSize
      let mine = try file.extentMap().flatMap { extent in
        (0..<(extent.physical == nil ? 0 : extent.length / block)).map { ((extent.physical ?? 0) / block) + $0 }
      }
      // debugfs lists the indirect blocks too.
      #expect(Set(mine).isSubset(of: Set(shown)))
      #expect(mine.count == Int((file.size + block - 1) / block) || mine.isEmpty)
    }
    #expect(try ext.lookUp("/nothing/there") == nil)
  }

  @Test("capacity, free and available are what the kernel says on a mount", .needsRootAndLoop, arguments: ExtRecipe.all)
  func capacityFreeAndAvailableAreWhatTheKernelSaysOnAMount(_ recipe: ExtRecipe) throws {
    let scratch = try ScratchDirectory()
    let image = try recipe.make(in: scratch)
    let ext = try openExt(image)
    let free = try ext.freeBytes()
    let options = recipe.type == "ext2" ? ["ro"] : ["ro", "noload"]
    try LoopMount.with(image: image, type: recipe.type, options: options) { mountpoint, device in
      let directory = try ReadOnlyFile.open(FilePath(mountpoint), expecting: .directory)
      let live = try FilesystemStatistics.of(directory)
      #expect(ext.superblock.capacity == live.capacity)
      #expect(free == live.free)
      #expect(ext.superblock.available(ofFree: free) == live.available)
      #expect(ext.superblock.inodesFree == live.inodesFree)
      let name = device.split(separator: "/").last ?? ""
      let reserved = try String(contentsOfFile: "/sys/fs/ext4/\(name)/reserved_clusters", encoding: .utf8)
      #expect(String(ext.superblock.reservedClusters) == reserved.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }

  @Test("the sizes of real COS_STATE partitions are those seen in the field")
  func theSizesOfRealCOSSTATEPartitionsAreThoseSeenInTheField() throws {
    // f_blocks in KiB, by partition size in MiB, of the default mkfs.ext4 (with a journal of its own size).
    for (sizeMiB, kibibytes) in [(8192, 8_154_588), (15360, 15_375_304), (4096, 4_046_560)] {
      let scratch = try ScratchDirectory()
      let image = try scratch.sparseFile("state.img", bytes: sizeMiB << 20)
      try Command.check("mkfs.ext4", "-q", "-F", "-L", "COS_STATE", image)
      #expect(try openExt(image).superblock.capacity == UInt64(kibibytes) << 10)
    }
  }
}
