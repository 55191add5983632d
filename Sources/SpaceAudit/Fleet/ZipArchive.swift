import LinuxStorage
import SpaceModel

/// The entries of a zip archive, by its central directory (PKWARE's APPNOTE.TXT, sections 4.3.12 and 4.3.16).
///
/// Archives come from anywhere: every offset and length is checked against the bytes that are there, and what is claimed
/// of sizes is held to while unpacking.
struct ZipArchive {
  /// A file in the archive.
  struct Entry: Sendable {
    /// As the archive has it; no more than a name, because nothing is written anywhere.
    var name: FilePath
    var isEncrypted: Bool
    /// 0 stored, 8 deflate.
    var method: UInt16
    var checksum: UInt32
    var compressedBytes: UInt64
    var expandedBytes: UInt64
    var headerOffset: UInt64

    var isDirectory: Bool { name.hasSuffix("/") }

    /// Whether it would lie outside the directory that the archive is unpacked in: no honest archive has such a name.
    var isHostile: Bool {
      name.bytes.isEmpty || name.hasPrefix("/") || name.bytes.contains(0) || name.bytes.contains(UInt8(ascii: "\\"))
        || name.components.contains("..")
    }
  }

  let source: any ByteSource
  let entries: [Entry]

  /// What may still be read of the lists of all archives that one file holds, one inside the other.
  struct Allowance {
    static let entries = 100_000
    static let listBytes: UInt64 = 64 << 20

    fileprivate(set) var entries = Self.entries
    fileprivate(set) var listBytes = Self.listBytes
  }

  private static let endBytes = 22
  private static let entryBytes = 46
  private static let headerBytes: UInt64 = 30
  private static let longestComment = 0xFFFF

  /// Whether the bytes at the start are those of an archive.
  static func begins(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06])
  }

  /// - Parameter allowance: Is charged before anything of the list is read.
  /// - Throws: ``StorageError`` `.corrupt` where it contradicts itself or is cut off, `.unsupported` where it is larger than
  ///   the 32-bit format, in several parts, or holds more entries than any support bundle.
  init(_ source: any ByteSource, _ allowance: inout Allowance) throws(StorageError) {
    self.source = source
    let tailBytes = Int(min(source.size, UInt64(Self.endBytes + Self.longestComment)))
    let tailStart = source.size - UInt64(tailBytes)
    let tail = try source.bytes(at: tailStart, count: tailBytes)
    guard let end = Self.end(in: tail) else {
      throw Self.error(
        .corrupt, source.path, "the archive is cut off: the list of what is in it, at its end, is missing")
    }
    let (count, size) = (Int(tail.half(end + 10)), UInt64(tail.word(end + 12)))
    let offset = UInt64(tail.word(end + 16))
    guard tail.half(end + 4) == 0, tail.half(end + 6) == 0 else {
      throw Self.error(.unsupported, source.path, "the archive is in several parts")
    }
    guard count < 0xFFFF, size < 0xFFFF_FFFF, offset < 0xFFFF_FFFF else {
      throw Self.error(
        .unsupported, source.path, "it is a zip64 archive, of 4 GiB and more or 65,535 entries and more")
    }
    guard offset + size <= tailStart + UInt64(end) else {
      throw Self.error(.corrupt, source.path, "the list of what is in the archive lies outside it")
    }
    guard count <= allowance.entries else {
      throw Self.error(.unsupported, source.path, "it holds more than \(Allowance.entries) files in all")
    }
    guard size <= allowance.listBytes else {
      throw Self.error(
        .unsupported, source.path,
        "the list of what is in it is larger than \(ByteCount(clamping: Allowance.listBytes)) in all")
    }
    allowance.entries -= count
    allowance.listBytes -= size
    entries = try Self.entries(try source.bytes(at: offset, count: Int(size)), count: count, source.path)
  }

  /// Where the record is that ends an archive: the last place where its comment reaches just to the end.
  private static func end(in tail: [UInt8]) -> Int? {
    guard tail.count >= endBytes else { return nil }
    return stride(from: tail.count - endBytes, through: 0, by: -1).first { start in
      tail[start] == 0x50 && tail[start + 1] == 0x4B && tail[start + 2] == 0x05 && tail[start + 3] == 0x06
        && start + endBytes + Int(tail.half(start + 20)) == tail.count
    }
  }

  private static func entries(_ bytes: [UInt8], count: Int, _ path: FilePath) throws(StorageError) -> [Entry] {
    var entries: [Entry] = []
    var at = 0
    for _ in 0..<count {
      guard bytes.count - at >= entryBytes, bytes.word(at) == 0x0201_4B50 else {
        throw error(.corrupt, path, "the list of what is in the archive is damaged")
      }
      let nameEnd = at + entryBytes + Int(bytes.half(at + 28))
      let end = nameEnd + Int(bytes.half(at + 30)) + Int(bytes.half(at + 32))
      guard end <= bytes.count else { throw error(.corrupt, path, "the list of what is in the archive is damaged") }
      entries.append(
        Entry(
          name: FilePath(bytes: bytes[(at + entryBytes)..<nameEnd]), isEncrypted: bytes.half(at + 8) & 1 != 0,
          method: bytes.half(at + 10), checksum: bytes.word(at + 16), compressedBytes: UInt64(bytes.word(at + 20)),
          expandedBytes: UInt64(bytes.word(at + 24)), headerOffset: UInt64(bytes.word(at + 42))))
      at = end
    }
    return entries
  }

  /// Where an entry's bytes are, still packed.
  ///
  /// - Throws: ``StorageError`` where they cannot be there, or cannot be unpacked.
  func range(of entry: Entry) throws(StorageError) -> ByteRange {
    func failure(_ code: StorageError.Code, _ message: String) -> StorageError {
      Self.error(code, source.path.joined(entry.name), message)
    }
    if entry.isEncrypted { throw failure(.unsupported, "it is encrypted") }
    guard entry.compressedBytes < 0xFFFF_FFFF, entry.expandedBytes < 0xFFFF_FFFF, entry.headerOffset < 0xFFFF_FFFF
    else {
      throw failure(.unsupported, "it is a zip64 entry, of 4 GiB and more")
    }
    let header = try source.bytes(at: entry.headerOffset, count: Int(Self.headerBytes))
    guard header.count == Int(Self.headerBytes), header.word(0) == 0x0403_4B50 else {
      throw failure(.corrupt, "the archive has no entry where it says it has")
    }
    // The name and extra field here may be others than those in the directory.
    let start = entry.headerOffset + Self.headerBytes + UInt64(header.half(26)) + UInt64(header.half(28))
    guard start <= source.size, entry.compressedBytes <= source.size - start else {
      throw failure(.corrupt, "it reaches beyond the archive's end")
    }
    return ByteRange(start: start, length: entry.compressedBytes)
  }

  static func error(_ code: StorageError.Code, _ path: FilePath, _ message: String) -> StorageError {
    StorageError(code, operation: "read report", path: path, message: message)
  }
}

extension FilePath {
  /// A file inside an archive: `bundle.zip:nodes/node1.zip`.
  func joined(_ name: FilePath) -> FilePath { FilePath(bytes: bytes + [UInt8(ascii: ":")] + name.bytes) }
}
