import CISO9660
import Glibc
import SpaceModel

/// Directory records of ISO 9660 (ECMA-119 §9.1), taken apart by libiso9660 from bytes that were checked to hold them.
enum ISODirectory {
  struct Record {
    var name: FilePath
    /// The first logical block, and the bytes from there on.
    var block: UInt64
    var length: UInt64
    var isDirectory: Bool
    /// The file goes on in the next record, as one above 4 GiB has to.
    var isContinued: Bool
    var isInterleaved: Bool
    var hasRockRidgeName: Bool
  }

  /// What libiso9660 has to say of odd bytes would go to stderr.
  static let silence: Void = { _ = cdio_log_set_handler { _, _ in } }()

  /// The records of a directory but its own and its parent's.
  ///
  /// - Parameter isJoliet: Names are big-endian UCS-2.
  static func records(_ bytes: [UInt8], blockSize: Int, isJoliet: Bool) -> [Record] {
    _ = silence
    var records: [Record] = []
    var at = 0
    while at < bytes.count {
      let length = Int(bytes[at])
      // Records do not cross blocks; the rest of a block is zeros.
      guard length > 0 else {
        at = (at / blockSize + 1) * blockSize
        continue
      }
      guard length >= 34, at + length <= bytes.count else { break }
      if let record = record(Array(bytes[at..<at + length]), isJoliet: isJoliet) { records.append(record) }
      at += length
    }
    return records
  }

  /// Offsets are those of the standard less one.
  private static func record(_ bytes: [UInt8], isJoliet: Bool) -> Record? {
    let nameLength = Int(bytes[32])
    guard nameLength > 0, 33 + nameLength <= bytes.count else { return nil }
    let raw = Array(bytes[33..<33 + nameLength])
    // `.` and `..` are named 0 and 1.
    guard raw != [0], raw != [1] else { return nil }
    let rockRidge = isJoliet ? nil : rockRidgeName(bytes, after: 33 + nameLength)
    let name = rockRidge ?? (isJoliet ? jolietName(raw) : plainName(raw))
    guard !name.isEmpty, !name.contains(0), !name.contains(UInt8(ascii: "/")), name != [0x2E], name != [0x2E, 0x2E]
    else { return nil }
    let flags = bytes[25]
    return Record(
      name: FilePath(bytes: name), block: number(bytes, at: 2) + UInt64(bytes[1]), length: number(bytes, at: 10),
      isDirectory: flags & 0x02 != 0, isContinued: flags & 0x80 != 0, isInterleaved: bytes[26] != 0,
      hasRockRidgeName: rockRidge != nil)
  }

  /// A number in both byte orders (§7.3.3).
  static func number(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    let both = bytes[offset..<offset + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return UInt64(from_733(both.littleEndian))
  }

  /// `FILE.TXT;1` as `file.txt`.
  private static func plainName(_ raw: [UInt8]) -> [UInt8] {
    guard !raw.contains(0) else { return [] }
    var name = [CChar](repeating: 0, count: raw.count + 1)
    // The name that is made is never longer than the one it is made from.
    _ = iso9660_name_translate(raw.map { CChar(bitPattern: $0) } + [0], &name)
    return name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }

  private static func jolietName(_ raw: [UInt8]) -> [UInt8] {
    let units = stride(from: 0, to: raw.count - 1, by: 2).map { UInt16(raw[$0]) << 8 | UInt16(raw[$0 + 1]) }
    let name = Array(String(decoding: units, as: UTF16.self).utf8)
    return name.suffix(2) == [UInt8(ascii: ";"), UInt8(ascii: "1")] ? name.dropLast(2) : name
  }

  /// The `NM` entries of the System Use area (RRIP §4.1.4). Not libiso9660's: it believes their lengths.
  ///
  /// An area that goes on elsewhere (`CE`) is not followed; names of files that matter here fit the record.
  private static func rockRidgeName(_ bytes: [UInt8], after nameEnd: Int) -> [UInt8]? {
    var at = nameEnd + (nameEnd & 1)
    var name: [UInt8] = []
    while at + 4 <= bytes.count {
      let length = Int(bytes[at + 2])
      guard length >= 4, at + length <= bytes.count else { break }
      if bytes[at] == UInt8(ascii: "N"), bytes[at + 1] == UInt8(ascii: "M"), length >= 5 {
        name += bytes[at + 5..<at + length]
      }
      at += length
    }
    return name.isEmpty ? nil : name
  }
}
