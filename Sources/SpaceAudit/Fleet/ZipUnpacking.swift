import CZlib
import LinuxStorage
import SpaceModel

/// Takes entries out of archives, into memory, and no more than an archive may become.
struct ZipUnpacking {
  /// Of one entry: a node's whole archive, which is unpacked in memory.
  static let entryLimit: UInt64 = 256 << 20
  /// Of all that is taken out of one file, archives inside it included.
  static let totalLimit: UInt64 = 1 << 30

  private static let pieceBytes = 64 << 10
  private(set) var remaining = totalLimit

  /// An entry's bytes, checked against its length and checksum.
  ///
  /// - Throws: ``StorageError``: `.unsupported` where it is encrypted, packed in another way than by deflate, or too large;
  ///   `.corrupt` where it does not unpack to what the archive says.
  mutating func bytes(of entry: ZipArchive.Entry, in archive: ZipArchive) throws(StorageError) -> [UInt8] {
    let path = archive.source.path.joined(entry.name)
    let range = try archive.range(of: entry)
    guard entry.expandedBytes <= Self.entryLimit else {
      throw ZipArchive.error(.unsupported, path, "it is larger than \(ByteCount(clamping: Self.entryLimit))")
    }
    guard entry.expandedBytes <= remaining else {
      throw ZipArchive.error(
        .unsupported, path, "the reports in the archive are larger than \(ByteCount(clamping: Self.totalLimit)) in all")
    }
    // Charged before, and whatever comes of it: what fails takes time, too.
    remaining -= entry.expandedBytes
    let source = SourceSlice(of: archive.source, range: range, path: path)
    let bytes: [UInt8]
    switch entry.method {
    case 0:
      guard entry.compressedBytes == entry.expandedBytes else {
        throw ZipArchive.error(.corrupt, path, "the archive gives it two sizes")
      }
      bytes = try source.bytes(at: 0, count: Int(entry.expandedBytes))
    case 8:
      bytes = try Self.inflated(source, count: Int(entry.expandedBytes))
    default:
      throw ZipArchive.error(.unsupported, path, "it is packed by method \(entry.method), and only deflate is known")
    }
    guard bytes.count == Int(entry.expandedBytes), Self.checksum(bytes) == entry.checksum else {
      throw ZipArchive.error(.corrupt, path, "it is damaged: its checksum does not match")
    }
    return bytes
  }

  /// Unpacks a raw deflate stream to just so many bytes.
  private static func inflated(_ source: SourceSlice, count: Int) throws(StorageError) -> [UInt8] {
    let failure = ZipArchive.error(.corrupt, source.path, "it is damaged: it cannot be unpacked")
    var stream = z_stream()
    // A negative window size means a stream without zlib's own header, as zip has it.
    guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw failure
    }
    defer { inflateEnd(&stream) }
    // One byte more than promised, so that a longer stream shows.
    var out = [UInt8](repeating: 0, count: count + 1)
    var done = 0
    var offset: UInt64 = 0
    while true {
      var piece = try source.bytes(at: offset, count: pieceBytes)
      if piece.isEmpty { throw failure }
      offset += UInt64(piece.count)
      let outcome = piece.withUnsafeMutableBufferPointer { input in
        out.withUnsafeMutableBufferPointer { output in
          stream.next_in = input.baseAddress
          stream.avail_in = UInt32(input.count)
          stream.next_out = output.baseAddress.map { $0 + done }
          stream.avail_out = UInt32(output.count - done)
          let code = inflate(&stream, Z_NO_FLUSH)
          done = output.count - Int(stream.avail_out)
          return code
        }
      }
      if outcome == Z_STREAM_END { break }
      guard outcome == Z_OK, done <= count else { throw failure }
    }
    guard done == count else { throw failure }
    out.removeLast()
    return out
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32($0.count))) }
  }
}
