import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import ExtentAnalyzer

/// The checksum that tells whether a dig has changed anything.
@Suite struct ReclaimChecksumTests {
  private func checksum(_ bytes: [UInt8]) throws -> ReclaimChecksum {
    try ReclaimChecksum(size: UInt64(bytes.count), path: "x") { (buffer, offset) throws(StorageError) in
      let count = min(buffer.count, bytes.count - Int(offset))
      for index in 0..<count { buffer[index] = bytes[Int(offset) + index] }
      return count
    }
  }

  @Test("every byte counts, and where it stands") func everyByteCounts() throws {
    var random = Seed.current.derived(3)
    let size = 3 << 20 | 777
    var bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    for index in 8192..<16384 { bytes[index] = 0 }
    let whole = try checksum(bytes)
    #expect(try checksum(bytes) == whole)
    for _ in 0..<20 {
      var changed = bytes
      changed[Int.random(in: 0..<size, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      #expect(try checksum(changed) != whole, "\(Seed.current)")
    }
    var swapped = bytes
    swapped.replaceSubrange(0..<4096, with: bytes[4096..<8192])
    swapped.replaceSubrange(4096..<8192, with: bytes[0..<4096])
    #expect(try checksum(swapped) != whole)
    #expect(try checksum(bytes + [0]) != whole)
    #expect(try checksum(Array(bytes.dropLast())) != whole)
  }

  @Test("a file that ends early is an error") func aFileThatEndsEarlyIsAnError() {
    #expect(throws: StorageError.self) {
      try ReclaimChecksum(size: 10, path: "x") { (_, _) throws(StorageError) in 9 }
    }
  }
}
