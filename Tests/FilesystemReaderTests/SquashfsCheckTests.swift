import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// Squashfs images that were not written whole.
@Suite(.needsTool("mksquashfs", "unsquashfs", "setfacl", "setfattr", "setcap")) struct SquashfsCheckTests {
  static let recipes: [[String]] = [
    ["-comp", "gzip"], ["-comp", "xz", "-b", "1M"], ["-comp", "zstd"], ["-comp", "lz4"], ["-comp", "lzma"],
    ["-comp", "gzip", "-b", "1M", "-no-fragments"], ["-comp", "zstd", "-always-use-fragments", "-b", "4K"],
    ["-comp", "xz", "-no-exports", "-no-xattrs"], ["-comp", "zstd", "-noX", "-noI"],
  ]

  @Test("a whole image is clean, in every compression", arguments: recipes + [["-noI", "-noD", "-noF", "-noX"]])
  func wholeIsClean(recipe: [String]) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(60))
    let image = try squashfs(tree.path, in: scratch, recipe)
    let integrity = try SquashfsCheck.verify(source(image))
    #expect(integrity.state == .clean, "\(integrity)")
    #expect(integrity.files == nil && integrity.lostBytes == nil && integrity.unreachableInodes == nil)
    #expect(integrity.checked == ["squashfs"])
    #expect(integrity.usedBytes == ByteCount(clamping: try SquashfsRootTree(source(image)).size))
  }

  @Test("a punched block is named with the file it belongs to", arguments: LongProof.cases(recipes, sample: 4))
  func punchedBlocksAreNamed(recipe: [String]) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(61))
    let image = try squashfs(tree.path, in: scratch, recipe)
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: image)))
    let contents = try SquashfsTreeContents(source(image))
    var map = try SquashfsCheckMap(contents)
    try map.finish(contents)
    var random = Seed.current.derived(62)
    // Without its options nothing is decompressed, so no file is named.
    let data = try firstDataByte(of: bytes)
    if data > 96 {
      let lost = ByteRange(start: 96, end: data)
      let damaged = bytes[..<96] + [UInt8](repeating: 0, count: Int(lost.length)) + bytes[Int(data)...]
      let integrity = try SquashfsCheck.verify(MemorySource(Array(damaged)), holes: [lost])
      #expect(integrity.state == .damaged, "\(recipe) \(integrity)")
    }
    for _ in 0..<LongProof.count(200, sample: 12) {
      let use = try #require(map.uses.filter { $0.file != nil }.randomElement(using: &random))
      // A hole of a whole block of the host's filesystem, somewhere in it.
      let at = UInt64.random(in: use.block.start..<use.block.range.end, using: &random) / 4096 * 4096
      let hole = ByteRange(start: max(at, data), end: min(at + 4096, contents.dataEnd))
      guard !hole.isEmpty, bytes[Int(hole.start)..<Int(hole.end)].contains(where: { $0 != 0 }) else { continue }
      var damaged = bytes
      damaged.replaceSubrange(Int(hole.start)..<Int(hole.end), with: repeatElement(0, count: Int(hole.length)))
      let integrity = try SquashfsCheck.verify(MemorySource(damaged), holes: [hole])
      let expected = Set(
        map.uses.filter { $0.block.range.intersection(hole) != nil && $0.block.isCompressed }
          .compactMap { $0.file.map { map.files[Int($0)].path } })
      let possible = Set(
        map.uses.filter { $0.block.range.intersection(hole) != nil }
          .compactMap { $0.file.map { map.files[Int($0)].path } })
      let found = Set((integrity.files ?? []).map(\.path))
      #expect(integrity.state == (expected.isEmpty ? .suspect : .damaged), "\(recipe) \(Seed.current) \(hole)")
      #expect(found.isSuperset(of: expected) && found.isSubset(of: possible), "\(recipe) \(Seed.current) \(hole)")
    }
  }

  @Test(
    "an image that is cut off, or whose tables are lost, is damaged", arguments: LongProof.cases(recipes, sample: 4))
  func cutOffIsDamaged(recipe: [String]) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(63))
    let image = try squashfs(tree.path, in: scratch, recipe)
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: image)))
    let used = Int(try SquashfsRootTree(source(image)).size)
    // Only the padding is lost.
    #expect(try SquashfsCheck.verify(MemorySource(Array(bytes[..<used]))).state == .clean)
    for length in [used - 1, used / 2, 97] {
      let integrity = try SquashfsCheck.verify(MemorySource(Array(bytes[..<length])))
      #expect(integrity.state == .damaged)
      #expect(integrity.reason == "It is cut off: \(length) of \(used) bytes are there.")
      #expect(integrity.lostBytes == ByteCount(Int64(used - length)))
    }
    // Zeros in place of every 4 KiB of the tables, one after another.
    let tables = Int(try SquashfsTreeContents(source(image)).dataEnd)
    for start in stride(from: tables / 4096 * 4096, to: used, by: 4096) {
      let hole = max(start, tables)..<min(start + 4096, used)
      var damaged = bytes
      damaged.replaceSubrange(hole, with: repeatElement(0, count: hole.count))
      let integrity = try SquashfsCheck.verify(
        MemorySource(damaged), holes: [ByteRange(start: UInt64(hole.lowerBound), end: UInt64(hole.upperBound))])
      #expect(integrity.state == .damaged, "\(recipe) \(Seed.current) \(hole)")
    }
  }

  @Test("any damage at all ends in a verdict")
  func anyDamageEnds() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(64))
    var random = Seed.current.derived(65)
    for recipe in [["-comp", "gzip"], ["-comp", "zstd", "-b", "4K"], ["-comp", "lz4"]] {
      let image = try squashfs(tree.path, in: scratch, recipe)
      let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: image)))
      let tables = Int(try SquashfsTreeContents(source(image)).dataEnd)
      for number in 0..<LongProof.count(300, sample: 12) {
        var damaged = bytes
        let range = number % 3 == 0 ? 0..<96 : number % 3 == 1 ? tables..<bytes.count : 0..<bytes.count
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          damaged[Int.random(in: range, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        do {
          let integrity = try SquashfsCheck.verify(MemorySource(damaged))
          #expect(!integrity.reason.isEmpty)
        } catch {
          #expect(error.code == .unsupported, "\(error)")
        }
      }
    }
  }

  @Test("a compression that is not built in is unknown, and damaged with a hole in it")
  func unknownCompression() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(66))
    let image = try squashfs(tree.path, in: scratch, ["-comp", "lzo"])
    let integrity = try SquashfsCheck.verify(source(image))
    #expect(integrity.state == .unknown)
    #expect(integrity.reason == "It is compressed with lzo, which is not built in.")
    let hole = ByteRange(start: 4096, end: 8192)
    let holed = try SquashfsCheck.verify(source(image), holes: [hole])
    #expect(holed.state == .damaged && holed.reason.hasPrefix("4.00 KiB of its blocks lie in holes"), "\(holed)")
    #expect(holed.unreachableInodes == nil)
    let text = try scratch.write(String(repeating: "no squashfs", count: 20), to: "text")
    #expect(throws: StorageError.self) { try SquashfsCheck.verify(source(text)) }
  }
}

/// Behind the superblock and the options of the compressor, if it has any (flag 0x0400; a block with its length before it).
private func firstDataByte(of bytes: [UInt8]) throws -> UInt64 {
  try #require(bytes.count > 98)
  return bytes[25] & 0x04 == 0 ? 96 : 98 + (UInt64(bytes[96]) | UInt64(bytes[97] & 0x7f) << 8)
}

extension SquashfsTreeContents {
  /// Where the tables begin.
  var dataEnd: UInt64 { inodeTableStart }
}
