import CSquashfs
import LinuxStorage
import SpaceModel

/// Unpacks every metadata block of a squashfs: inodes, directories, and the tables behind them.
///
/// The kernel and mksquashfs(1) keep one order: inodes, directories, then for fragments, the export table, owners and
/// attributes the blocks of each and behind them the index that leads there. Where an image has another, only what the tree
/// leads to is checked.
struct SquashfsCheckMetadata {
  private(set) var badBlocks = 0
  /// Stored bytes of blocks that cannot be unpacked, or in which a hole lies that no checksum explains.
  private(set) var lostBytes: UInt64 = 0

  private let image: SquashfsImage
  private let holes: SquashfsCheckHoles
  private var stored = [UInt8](repeating: 0, count: 8 << 10)
  private var unpacked = [UInt8](repeating: 0, count: 8 << 10)

  init(_ image: SquashfsImage, _ holes: SquashfsCheckHoles) {
    self.image = image
    self.holes = holes
  }

  mutating func run() throws(StorageError) {
    let superblock = image.superblock
    try check(superblock.inode_table_start, superblock.directory_table_start)
    var at = superblock.directory_table_start
    // A table's index has 8 bytes for each of its blocks of 8 KiB.
    for (start, entries, width) in [
      (superblock.fragment_table_start, UInt64(superblock.fragment_entry_count), UInt64(16)),
      (superblock.export_table_start, UInt64(superblock.inode_count), 8),
      (superblock.id_table_start, UInt64(superblock.id_count), 4),
    ] where start != SquashfsImage.absent {
      guard start >= at else { return }
      try check(at, start)
      at = start.addingClamped((entries * width + 8191) / 8192 * 8)
    }
    let attributes = superblock.xattr_id_table_start
    guard attributes != SquashfsImage.absent, attributes >= at else { return }
    try check(at, attributes)
  }

  /// Blocks that follow one another, each with its length in front.
  private mutating func check(_ start: UInt64, _ end: UInt64) throws(StorageError) {
    var at = start
    let end = min(end, image.superblock.bytes_used)
    while at < end {
      let head = try image.source.bytes(at: at, count: 2)
      guard head.count == 2 else { return }
      let word = UInt16(head[0]) | UInt16(head[1]) << 8
      // `SQUASHFS_COMPRESSED_BIT`: stored as it is.
      let length = UInt64(word & 0x7FFF)
      guard length > 0, length <= 8192, at + 2 + length <= end else {
        // How long it was cannot be known, so nothing behind it is found.
        badBlocks += 1
        return lostBytes += max(1, holes.bytes(in: ByteRange(start: at, end: end)))
      }
      let range = ByteRange(start: at, end: at + 2 + length)
      if try !isWhole(range, isCompressed: word & 0x8000 == 0) {
        badBlocks += 1
        lostBytes += range.length
      }
      at = range.end
    }
  }

  private mutating func isWhole(_ range: ByteRange, isCompressed: Bool) throws(StorageError) -> Bool {
    let hasHole = holes.bytes(in: range) > 0
    guard isCompressed else { return !hasHole }
    let count = Int(range.length) - 2
    stored.replaceSubrange(0..<count, with: try image.source.bytes(at: range.start + 2, count: count))
    let compressor = image.compressor
    let got = stored.withUnsafeBufferPointer { input in
      unpacked.withUnsafeMutableBufferPointer { output in
        compressor.pointee.do_block(
          compressor, input.baseAddress, UInt32(count), output.baseAddress, UInt32(output.count))
      }
    }
    return got > 0 && !(hasHole && !image.hasChecksums)
  }
}

/// Holes of the file that holds an image.
struct SquashfsCheckHoles {
  private let ranges: [ByteRange]

  /// - Parameter ranges: Ascending, without overlaps.
  init(_ ranges: [ByteRange]) { self.ranges = ranges }

  /// How much of a range lies in holes.
  func bytes(in range: ByteRange) -> UInt64 {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].end > range.start { high = middle } else { low = middle + 1 }
    }
    var bytes: UInt64 = 0
    while low < ranges.count, ranges[low].start < range.end {
      bytes += ranges[low].intersection(range)?.length ?? 0
      low += 1
    }
    return bytes
  }
}

extension SquashfsImage {
  /// zlib ends in an Adler-32, and mksquashfs(1) makes xz with a CRC-32.
  var hasChecksums: Bool {
    let id = SQFS_COMPRESSOR(rawValue: UInt32(superblock.compression_id))
    return id == SQFS_COMP_GZIP || id == SQFS_COMP_XZ
  }
}
