import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

func source(_ path: String) throws -> FileSource {
  try FileSource(ReadOnlyFile.open(FilePath(path), expecting: .regularFile))
}

/// Makes a squashfs of a tree beside it.
func squashfs(_ tree: String, in scratch: ScratchDirectory, name: String = "tree.squashfs", _ arguments: [String] = [])
  throws -> String
{
  let image = scratch.file(name)
  try Command.check(
    "mksquashfs", arguments: [tree, image, "-noappend", "-no-progress", "-quiet", "-processors", "2"] + arguments)
  return image
}

/// The squashfs reader against the directory that the image was made from.
@Suite(.needsTool("mksquashfs", "unsquashfs", "setfacl", "setfattr", "setcap")) struct SquashfsTests {
  static let recipes: [[String]] = [
    ["-comp", "gzip"], ["-comp", "xz", "-b", "1M"], ["-comp", "zstd", "-b", "128K"], ["-comp", "lz4"],
    ["-comp", "gzip", "-b", "1M", "-no-fragments"], ["-comp", "zstd", "-always-use-fragments"],
    ["-comp", "xz", "-Xbcj", "x86", "-Xdict-size", "100%"], ["-comp", "gzip", "-no-exports", "-no-duplicates"],
    ["-noI", "-noD", "-noF", "-noX"], ["-comp", "zstd", "-b", "4K"],
  ]

  @Test("entries are those of the directory it was made from, in every compression and block size")
  func entriesAreThoseOfTheDirectory() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(4))
    let expected = try TreeListing(directory: tree.path).withoutACLs
    // It holds what the name of this suite promises.
    #expect(!expected.linked.isEmpty)
    #expect(expected.entries.values.contains { $0.kind == .special })
    #expect(expected.entries.values.contains { !$0.attributes.isEmpty })
    for (number, recipe) in Self.recipes.enumerated() {
      let image = try squashfs(tree.path, in: scratch, name: "\(number).squashfs", recipe)
      let reader = try SquashfsRootTree(source(image))
      let found = try TreeListing(reader)
      #expect(found == expected, "\(recipe) \(Seed.current): \(found.differences(from: expected))")
      // unsquashfs lists the names, the root among them.
      let names = try Command.check("unsquashfs", "-lls", image).lines.filter { $0.contains("squashfs-root") }
      #expect(names.count >= found.entries.count)
      try checkFiles(reader, tree, expected, recipe)
    }
  }

  private func checkFiles(
    _ reader: SquashfsRootTree, _ tree: PayloadTree, _ expected: TreeListing, _ recipe: [String]
  ) throws {
    for (path, entry) in expected.entries where entry.kind == .file {
      // Of the many small ones only some: each look-up reads their directory.
      guard let text = path.utf8, !text.hasPrefix("/large/") || text.hasSuffix("7") else { continue }
      let whole = try Array(Data(contentsOf: URL(fileURLWithPath: tree.path + text)))
      for limit in [20, 5000, 4 << 20] {
        #expect(try reader.smallFile(path, limit: limit) == Array(whole.prefix(limit)), "\(recipe) \(path.display)")
      }
    }
    #expect(try reader.smallFile("/nothing", limit: 10) == nil)
    #expect(try reader.smallFile("/large", limit: 10) == nil)
    let system = try Payload.System(of: reader)
    #expect(
      system
        == Payload.System(
          osName: "Harvester v1.8.0", product: "harvester", productVersion: "v1.8.0", architecture: "aarch64",
          minUpgradableVersion: "v1.6.0"))
  }

  @Test("what is excluded is neither named nor entered") func whatIsExcludedIsNeitherNamedNorEntered() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed(1))
    let reader = try SquashfsRootTree(source(squashfs(tree.path, in: scratch)))
    let found = try TreeListing(reader, excluding: ["/proc", "large/", "/usr/lib/os-release"])
    #expect(found.entries["/proc"] == nil && found.entries["/proc/excluded"] == nil)
    #expect(found.entries["/large"] == nil)
    #expect(found.entries["/usr/lib"] != nil && found.entries["/usr/lib/os-release"] == nil)
  }

  @Test("a squashfs in the middle of a file is read in place, and no file data of it")
  func aSquashfsInTheMiddleOfAFileIsReadInPlace() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed(2))
    let image = try Array(Data(contentsOf: URL(fileURLWithPath: squashfs(tree.path, in: scratch))))
    let base = MemorySource([UInt8](repeating: 0xAA, count: 12_345) + image + [UInt8](repeating: 0xBB, count: 999))
    let slice = SourceSlice(of: base, range: ByteRange(start: 12_345, length: UInt64(image.count)), path: "slice")
    let reader = try SquashfsRootTree(slice)
    let found = try TreeListing(reader)
    #expect(try found == TreeListing(directory: tree.path).withoutACLs)
    // Data lies between the superblock (and the compressor's options) and the inode table (at byte 64 of it).
    let inodeTable = image[64..<72].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let data = ByteRange(start: 12_345 + 96 + 16, end: 12_345 + inodeTable)
    #expect(data.length > 100 << 10)
    #expect(base.readRanges.allSatisfy { $0.intersection(data) == nil })
  }

  @Test("a compression that is not built in is named, with what to do instead")
  func aCompressionThatIsNotBuiltInIsNamed() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree/etc")
    let image = try squashfs(scratch.file("tree"), in: scratch, ["-comp", "lzo"])
    let error = try #require(throws: StorageError.self) { try SquashfsRootTree(source(image)) }
    #expect(error.code == .unsupported)
    #expect(error.message == "it is compressed with lzo, which is not built in")
    #expect(error.hint?.contains("unsquashfs") == true)
  }

  @Test("a squashfs of 100,000 inodes is walked reading its tables about once")
  func aSquashfsOf100000InodesIsWalkedReadingItsTablesAboutOnce() throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    // Device nodes from a list: files would have to be made first, which takes a minute on a slow disk.
    let list = (0..<200).map { directory in
      "d\(directory) d 755 0 0\n"
        + (0..<500).map { "d\(directory)/a-file-with-a-name-\($0) c 644 0 0 1 3\n" }.joined()
    }
    let image = try squashfs(tree, in: scratch, ["-comp", "zstd", "-pf", scratch.write(list.joined(), to: "list")])
    let bytes = MemorySource(try Array(Data(contentsOf: URL(fileURLWithPath: image))))
    var names = 0
    let elapsed = try ContinuousClock().measure {
      try SquashfsRootTree(bytes).walk(excluding: []) { directory throws(StorageError) in
        names += directory.entries.count
      }
    }
    print("walked \(names) names of a squashfs in \(elapsed)")
    #expect(names == 100_200)
    print("read \(bytes.bytesRead) of its \(bytes.size) bytes")
    #expect(bytes.bytesRead < 2 * bytes.size)
  }
}
