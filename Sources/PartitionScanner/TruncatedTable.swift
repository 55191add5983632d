import LinuxStorage
import SpaceModel

/// The primary GPT of a disk that was cut short.
///
/// libblkid refuses a table whose last sector lies behind the end of the disk, yet a copy that stopped half way is just
/// what an offline audit may be given. Read only in that case; UEFI specification, tables 5.5 and 5.6.
enum TruncatedTable {
  /// - Returns: `nil` where there is no intact primary GPT, or where it fits into the file and libblkid's word counts.
  static func read(_ source: FileSource, sectorSize: Int) throws(StorageError) -> BlkidProbe.Table? {
    let sector = UInt64(sectorSize)
    let header = try source.bytes(at: sector, count: sectorSize)
    guard header.count == sectorSize, header.starts(with: "EFI PART".utf8) else { return nil }
    let headerSize = Int(number(header[12..<16]))
    guard (92...sectorSize).contains(headerSize) else { return nil }
    var unsigned = Array(header[..<headerSize])
    unsigned.replaceSubrange(16..<20, with: [0, 0, 0, 0])
    guard checksum(unsigned) == number(header[16..<20]) else { return nil }

    let lastSector = max(number(header[32..<40]), number(header[48..<56]))
    guard lastSector >= source.size / sector else { return nil }

    let count = Int(number(header[80..<84]))
    let size = Int(number(header[84..<88]))
    let (place, overflow) = number(header[72..<80]).multipliedReportingOverflow(by: sector)
    guard !overflow, size >= 128, size <= 4096, count <= BlkidProbe.entryLimit else { return nil }
    let entries = try source.bytes(at: place, count: count * size)
    guard entries.count == count * size, checksum(entries) == number(header[88..<92]) else { return nil }
    var table = BlkidProbe.Table(type: "gpt", entries: [])
    for index in 0..<count {
      let raw = entries[(index * size)..<(index * size + 128)]
      if let entry = entry(Array(raw), number: index + 1, sector: sector) { table.entries.append(entry) }
    }
    return table
  }

  private static func entry(_ raw: [UInt8], number index: Int, sector: UInt64) -> BlkidProbe.TableEntry? {
    // An unused entry has a type of zeros.
    guard raw[..<16].contains(where: { $0 != 0 }) else { return nil }
    let (first, last) = (number(raw[32..<40]), number(raw[40..<48]))
    guard first <= last, last < UInt64(Int64.max) / sector else { return nil }
    let units = stride(from: 56, to: 128, by: 2).map { UInt16(raw[$0]) | UInt16(raw[$0 + 1]) << 8 }
    let name = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
    return BlkidProbe.TableEntry(
      number: index, start: first * sector, length: (last - first + 1) * sector, name: name.isEmpty ? nil : name)
  }

  private static func number(_ littleEndian: ArraySlice<UInt8>) -> UInt64 {
    littleEndian.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// CRC-32 as in IEEE 802.3, bit by bit: a table is a few KiB.
  private static func checksum(_ bytes: [UInt8]) -> UInt64 {
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
    }
    return UInt64(~crc)
  }
}
