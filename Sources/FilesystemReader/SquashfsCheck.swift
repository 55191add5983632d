import CSquashfs
import LinuxStorage
import SpaceModel

/// Whether a squashfs was written whole: every block of it is read and unpacked.
///
/// gzip and xz carry a checksum of each block, so what unpacks is right. lz4, lzma and zstd as mksquashfs(1) uses it carry
/// none: a block must unpack, and to its exact length; and where the file that holds the image has a hole under it, it is
/// lost, because no compressor stores four thousand zeros in a row. A block that is stored as it is can be told from a dug
/// one in no way: a hole under it is suspect.
public enum SquashfsCheck {
  /// - Parameters:
  ///   - source: The image.
  ///   - holes: Of the file that holds it, in its bytes, half-open, ascending; empty where that is not known.
  /// - Returns: `damaged`, `suspect`, `clean`, or `unknown` where its compression is not built in.
  /// - Throws: ``StorageError`` `.unsupported` where it holds no squashfs, and where the disk under it cannot be read.
  public static func verify(_ source: any ByteSource, holes: [ByteRange] = []) throws(StorageError) -> Integrity {
    let head = try source.bytes(at: 0, count: SquashfsHead.length)
    guard let superblock = SquashfsHead(head) else {
      throw StorageError(
        .unsupported, operation: SquashfsImage.operation, path: source.path, message: "it holds no squashfs")
    }
    let holes = ByteRange.union(holes)
    do throws(StorageError) {
      return try SquashfsCheckRun(source, holes).run()
    } catch {
      if error.code == .io, error.cause != nil { throw error }
      return verdict(error, superblock, source, holes)
    }
  }

  /// What is left to say where the image could not be opened.
  private static func verdict(
    _ error: StorageError, _ head: SquashfsHead, _ source: any ByteSource, _ holes: [ByteRange]
  ) -> Integrity {
    let used = ByteRange(start: 0, end: head.bytesUsed)
    let inHoles = holes.reduce(UInt64(0)) { $0 + ($1.intersection(used)?.length ?? 0) }
    let missing = head.bytesUsed > source.size ? head.bytesUsed - source.size : 0
    // With a compression that is not known, a hole is still no place for a compressed block.
    let isUnsupported = error.code == .unsupported
    let isUnknown = isUnsupported && inHoles == 0
    var reason = error.message
    if isUnsupported, inHoles > 0 {
      reason =
        "\(ByteCount(clamping: inHoles)) of its blocks lie in holes, where no compressed block can be; which files they "
        + "hold is not known, because \(error.message)"
    }
    var integrity = Integrity(
      state: isUnknown ? .unknown : .damaged, reason: sentence(reason), checked: ["squashfs"])
    integrity.usedBytes = ByteCount(clamping: head.bytesUsed)
    if !isUnknown {
      integrity.lostBytes = ByteCount(clamping: missing.addingClamped(inHoles))
      // They are there, where only their compression is not known.
      if !isUnsupported { integrity.unreachableInodes = Int64(head.inodes) }
    }
    return integrity
  }

  static func sentence(_ clause: String) -> String { clause.prefix(1).uppercased() + clause.dropFirst() + "." }
}

/// What of a superblock must be known before the image can be opened (`struct squashfs_super_block`).
private struct SquashfsHead {
  static let length = 96
  var bytesUsed: UInt64
  var inodes: UInt32

  /// - Returns: `nil` where it is none.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.length, Array(bytes[..<4]) == Array("hsqs".utf8) else { return nil }
    func number(_ offset: Int, _ count: Int) -> UInt64 {
      bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    inodes = UInt32(number(4, 4))
    bytesUsed = number(40, 8)
  }
}
