import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import SpaceAudit

/// What an archive claims is charged before it is looked at.
@Suite struct ZipLimitTests {
  private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  /// The record that ends an archive.
  private static func end(entries: UInt16, listBytes: UInt32, offset: UInt32 = 0) -> [UInt8] {
    bytes(UInt32(0x0605_4B50)) + bytes(UInt32(0)) + bytes(entries) + bytes(entries) + bytes(listBytes) + bytes(offset)
      + bytes(UInt16(0))
  }

  @Test("the entries of all archives in one file are counted before they are read") func entriesAreCounted() {
    var allowance = ZipArchive.Allowance()
    let archive = MemorySource(Self.end(entries: 60_000, listBytes: 0), path: "a.zip")
    let first = #expect(throws: StorageError.self) { try ZipArchive(archive, &allowance) }
    #expect(first?.code == .corrupt)
    let second = #expect(throws: StorageError.self) { try ZipArchive(archive, &allowance) }
    #expect(second?.message == "it holds more than 100000 files in all")
  }

  @Test("so are the bytes of their lists") func listsAreCounted() {
    var allowance = ZipArchive.Allowance()
    func refusal(_ bytes: Int) -> String? {
      let archive = MemorySource(
        [UInt8](repeating: 0, count: bytes) + Self.end(entries: 1, listBytes: UInt32(bytes)), path: "a.zip")
      return #expect(throws: StorageError.self) { try ZipArchive(archive, &allowance) }?.message
    }
    #expect(refusal(40 << 20) == "the list of what is in the archive is damaged")
    #expect(refusal(40 << 20) == "the list of what is in it is larger than 64.0 MiB in all")
    #expect(refusal(1 << 20) == "the list of what is in the archive is damaged")
  }

  @Test("an entry is charged though it cannot be unpacked") func failuresAreCharged() throws {
    let size = UInt32(200 << 20)
    let header =
      Self.bytes(UInt32(0x0403_4B50)) + [UInt8](repeating: 0, count: 22) + Self.bytes(UInt16(1))
      + Self.bytes(UInt16(0)) + Array("a".utf8) + [0]
    // Stored, and of two sizes.
    let entry =
      Self.bytes(UInt32(0x0201_4B50)) + [UInt8](repeating: 0, count: 16) + Self.bytes(UInt32(1)) + Self.bytes(size)
      + Self.bytes(UInt16(1)) + [UInt8](repeating: 0, count: 16) + Array("a".utf8)
    let list = Self.end(entries: 1, listBytes: UInt32(entry.count), offset: UInt32(header.count))
    var allowance = ZipArchive.Allowance()
    let archive = try ZipArchive(MemorySource(header + entry + list, path: "a.zip"), &allowance)
    let found = try #require(archive.entries.first)
    var unpacking = ZipUnpacking()
    let messages = (0..<6).map { _ in
      #expect(throws: StorageError.self) { try unpacking.bytes(of: found, in: archive) }?.message
    }
    let both = "the archive gives it two sizes"
    #expect(messages == [both, both, both, both, both, "the reports in the archive are larger than 1.00 GiB in all"])
  }
}
