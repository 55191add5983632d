import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import UpgradeProjection

@Suite struct ImageGeometryTests {
  /// Nominal bytes and what dumpe2fs(8) says of the image: block size, blocks, inodes, free blocks.
  static let recorded: [(nominal: Int64, block: Int64, blocks: UInt64, inodes: UInt64, free: Int64)] = [
    (1 << 20, 1024, 1024, 128, 970),
    ((3 << 20) - 1, 1024, 3068, 384, 2942),
    (3 << 20, 1024, 3072, 768, 2850),
    ((8 << 20) + 102_400, 1024, 8193, 2072, 7624),
    (200_000_000, 1024, 195_312, 48_768, 181_509),
    ((512 << 20) - 1, 1024, 524_284, 131_072, 489_042),
    (512 << 20, 4096, 131_072, 32_768, 128_911),
    (513 << 20, 4096, 131_072, 32_832, 128_907),
    ((1 << 30) + 4096 * 700, 4096, 262_844, 65_808, 258_377),
    (3072 << 20, 4096, 786_432, 196_608, 772_932),
    (4282 << 20, 4096, 1_096_192, 274_176, 1_076_830),
    (1 << 36, 4096, 16_777_216, 4_194_304, 16_500_717),
    (1 << 40, 4096, 268_435_456, 67_108_864, 264_205_287),
  ]

  @Test("The geometry of a new image is that of mke2fs", arguments: recorded)
  func recordedGeometry(_ row: (nominal: Int64, block: Int64, blocks: UInt64, inodes: UInt64, free: Int64)) throws {
    let image = try #require(NewImage(nominalBytes: ByteCount(row.nominal)))
    #expect(image.blockBytes == ByteCount(row.block))
    #expect(image.geometry.blockCount == row.blocks)
    #expect(image.geometry.inodeCount == row.inodes)
    #expect(image.blockCapacity == row.free)
    #expect(image.inodeCapacity == Int64(row.inodes) - 11)
  }

  @Test("Sizes that mke2fs refuses have no geometry", arguments: [-1, 0, 1, 1023, 8192, 60 << 10, 1 << 42, .max])
  func refused(_ bytes: Int64) {
    #expect(NewImage(nominalBytes: ByteCount(bytes)) == nil)
  }

  static let sizes: [Int64] = {
    var random = Seed.current
    return [1 << 20, 3 << 20, 64 << 20, 511 << 20, 512 << 20, 641 << 20, 3072 << 20, 4282 << 20]
      + (0..<LongProof.count(60, sample: 12)).map { _ in
        Int64.random(in: 1...(1 << Int64.random(in: 21...35, using: &random)), using: &random) + (1 << 20)
      }
  }()

  @Test(
    "mkfs.ext2 makes what is predicted, and takes what is predicted", .needsTool("mkfs.ext2", "dumpe2fs"),
    arguments: sizes)
  func againstMkfs(_ bytes: Int64) throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.sparseFile("image", bytes: Int(bytes))
    try Command.check("mkfs.ext2", "-q", "-F", "-L", "COS_ACTIVE", file)
    let image = try #require(NewImage(nominalBytes: ByteCount(bytes)))
    let text = try Command.check("dumpe2fs", "-h", file).text
    func field(_ name: String) -> Int64? {
      text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        .flatMap { Int64($0.split(separator: " ").last ?? "") }
    }
    #expect(field("Block size") == image.blockBytes.bytes)
    #expect(field("Block count") == Int64(image.geometry.blockCount))
    #expect(field("Free blocks") == image.blockCapacity)
    #expect(field("Free inodes") == image.inodeCapacity)
    #expect(field("Reserved GDT blocks") ?? 0 == Int64(image.geometry.reservedBlocks))

    var status = stat()
    try #require(stat(file, &status) == 0)
    // Whatever the scratch directory's filesystem adds for its map of the file.
    let unit = UInt64(max(512, min(status.st_blksize, 4096)))
    let predicted = Int64(image.writtenByMkfs(unit: unit) * unit)
    let taken = Int64(status.st_blocks) * 512
    #expect(taken >= predicted && taken <= predicted + predicted / 100 + 3 * Int64(unit))
  }

  @Test("A census too large for the image is short of blocks or inodes, by so many")
  func shortage() throws {
    let image = try #require(NewImage(nominalBytes: .mebibytes(3072)))
    let demand = TreeDemand(
      filesystem: image.filesystem, attributes: .all, fileBytes: ByteCount(772_932 * 4096), mapBytes: .zero,
      directoryBytes: ByteCount(4096), linkBytes: .zero, attributeBytes: .zero)
    #expect(image.shortage(for: demand, inodes: 196_597) == NewImage.Shortage.none)
    #expect(image.shortage(for: demand, inodes: 196_598) == .inodes(1))
    var larger = demand
    larger.linkBytes = ByteCount(2 * 4096)
    #expect(image.shortage(for: larger, inodes: 1) == .blocks(2))
    var other = demand
    other.filesystem = TreeFilesystem(.ext2, unitBytes: ByteCount(1024))
    #expect(image.shortage(for: other, inodes: 1) == nil)
    #expect(image.allocatedBytes(holding: other, inodes: 1, hostUnitBytes: ByteCount(4096)) == nil)
  }

  @Test("The automatic size is whole mebibytes of the files, one more, and the overhead")
  func automatic() {
    func size(_ apparent: Int64) -> ByteCount {
      NewImage.automaticBytes(
        for: TreeCensus(inodes: 1, directories: 0, files: 1, apparentBytes: ByteCount(apparent), demands: []),
        overhead: .mebibytes(256))
    }
    #expect(size(0) == .mebibytes(257))
    #expect(size((1 << 20) - 1) == .mebibytes(257))
    #expect(size(1 << 20) == .mebibytes(258))
    #expect(size(.max) > .gibibytes(1 << 32))
  }
}
