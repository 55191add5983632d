import Foundation
import SpaceModel
import Testing

@Suite struct ByteCountTests {
  static let sums: [(Int64, Int64, sum: Int64, difference: Int64)] = [
    (0, 0, 0, 0), (3, 4, 7, -1), (-3, 4, 1, -7),
    (.max, 1, .max, .max - 1), (.max, .max, .max, 0), (.max, -1, .max - 1, .max), (.max, .min, -1, .max),
    (.min, -1, .min, .min + 1), (.min, .min, .min, 0), (.min, 1, .min + 1, .min), (0, .min, .min, .max),
    (1 << 62, 1 << 62, .max, 0),
  ]

  @Test("sums and differences saturate", arguments: sums)
  func sumsAndDifferencesSaturate(left: Int64, right: Int64, sum: Int64, difference: Int64) {
    #expect(ByteCount(left) + ByteCount(right) == ByteCount(sum))
    #expect(ByteCount(left) - ByteCount(right) == ByteCount(difference))
    var total = ByteCount(left)
    total += ByteCount(right)
    #expect(total == ByteCount(sum))
  }

  static let products: [(Int64, Int64, Int64)] = [
    (0, .max, 0), (3, -4, -12), (.max, 2, .max), (.max, -2, .min), (.min, 2, .min), (.min, -1, .max),
    (.min, 1, .min), (-1, .min, .max), (1 << 33, 1 << 33, .max), (-1 << 33, 1 << 33, .min),
  ]

  @Test("products saturate", arguments: products) func productsSaturate(count: Int64, factor: Int64, product: Int64) {
    #expect(ByteCount(count).times(factor) == ByteCount(product))
  }

  @Test("any integer is taken and saturates") func anyIntegerIsTakenAndSaturates() {
    #expect(ByteCount(clamping: UInt64.max) == ByteCount(.max))
    #expect(ByteCount(clamping: UInt64(1) << 63 - 1) == ByteCount(.max))
    #expect(ByteCount(clamping: UInt8(7)) == ByteCount(7))
    #expect(ByteCount(clamping: -7) == ByteCount(-7))
  }

  @Test("units are powers of 1024 and saturate") func unitsArePowersOf1024AndSaturate() {
    #expect(ByteCount.kibibytes(3) == ByteCount(3072))
    #expect(ByteCount.mebibytes(1) == ByteCount(1_048_576))
    #expect(ByteCount.gibibytes(2) == ByteCount(2_147_483_648))
    #expect(ByteCount.gibibytes(.max) == ByteCount(.max))
    #expect(ByteCount.zero == ByteCount(0))
  }

  @Test("counts are ordered by value") func countsAreOrderedByValue() {
    let counts = [ByteCount(3), ByteCount(.min), ByteCount(-1), ByteCount(.max)]
    #expect(counts.sorted().map(\.bytes) == [.min, -1, 3, .max])
  }

  static let texts: [(Int64, String)] = [
    (0, "0 B"), (1, "1 B"), (-1, "-1 B"), (999, "999 B"), (1000, "1000 B"), (1023, "1023 B"),
    (1024, "1.00 KiB"), (-1024, "-1.00 KiB"), (1536, "1.50 KiB"), (1029, "1.00 KiB"), (1030, "1.01 KiB"),
    // Two decimals end at 9.995, one at 99.95, and a unit at 1023.5.
    (10_229, "9.99 KiB"), (10_234, "9.99 KiB"), (10_235, "10.0 KiB"), (10_240, "10.0 KiB"),
    (102_348, "99.9 KiB"), (102_349, "100 KiB"), (102_400, "100 KiB"),
    (1_047_552, "1023 KiB"), (1_048_063, "1023 KiB"), (1_048_064, "1.00 MiB"), (1_048_524, "1.00 MiB"),
    (1_048_525, "1.00 MiB"), (1_048_576, "1.00 MiB"), (-1_048_064, "-1.00 MiB"),
    (833_617_920, "795 MiB"), (1_494_691_840, "1.39 GiB"), (4_564_450_213, "4.25 GiB"), (3_221_225_472, "3.00 GiB"),
    (1_099_511_627_776, "1.00 TiB"), (1 << 50, "1.00 PiB"), (1 << 60, "1.00 EiB"),
    (.max, "8.00 EiB"), (.min, "-8.00 EiB"),
  ]

  @Test("people see binary units with three digits", arguments: texts) func peopleSeeBinaryUnitsWithThreeDigits(
    bytes: Int64, text: String
  ) {
    #expect(ByteCount(bytes).description == text)
  }

  @Test(
    "no size is shown as 1024 of a unit that has a larger one behind it", arguments: [20, 30, 40, 50, 60] as [Int64])
  func noSizeIsShownAs1024OfAUnitThatHasALargerOneBehindIt(exponent: Int64) {
    let unit = Int64(1) << exponent
    for part in Int64(1)...2048 {
      let bytes = unit - part * (unit >> 20)
      #expect(!ByteCount(bytes).description.hasPrefix("1024 "), "\(bytes) bytes")
    }
  }

  @Test("in JSON a count is a plain integer", arguments: [0, -5, .max, .min] as [Int64])
  func inJSONACountIsAPlainInteger(bytes: Int64) throws {
    let json = try JSONEncoder().encode([ByteCount(bytes)])
    #expect(String(decoding: json, as: UTF8.self) == "[\(bytes)]")
    #expect(try JSONDecoder().decode([ByteCount].self, from: json) == [ByteCount(bytes)])
  }
}
