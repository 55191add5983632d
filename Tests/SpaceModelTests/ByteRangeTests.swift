import SpaceModel
import TestSupport
import Testing

@Suite struct ByteRangeTests {
  private static func range(_ start: UInt64, _ end: UInt64) -> ByteRange { ByteRange(start: start, end: end) }

  @Test("a range is half open") func aRangeIsHalfOpen() {
    let range = Self.range(10, 20)
    #expect(range.length == 10)
    #expect(range.contains(10) && range.contains(19))
    #expect(!range.contains(9) && !range.contains(20))
    #expect(!range.isEmpty)
    #expect(Self.range(5, 5).isEmpty && !Self.range(5, 5).contains(5))
  }

  @Test("a length that passes the end of 64 bits is cut there") func aLengthThatPassesTheEndOf64BitsIsCutThere() {
    #expect(ByteRange(start: .max - 3, length: 100) == Self.range(.max - 3, .max))
    #expect(ByteRange(start: 4, length: 6) == Self.range(4, 10))
    #expect(ByteRange(start: .max, length: .max).isEmpty)
  }

  static let intersections: [(ByteRange, ByteRange, ByteRange?)] = [
    (range(0, 10), range(5, 15), range(5, 10)),
    (range(0, 10), range(0, 10), range(0, 10)),
    (range(0, 10), range(3, 4), range(3, 4)),
    (range(0, 10), range(10, 20), nil),
    (range(0, 10), range(11, 20), nil),
    (range(0, 10), range(5, 5), nil),
    (range(5, 5), range(5, 5), nil),
    (range(0, .max), range(.max - 1, .max), range(.max - 1, .max)),
  ]

  @Test("an intersection is what both hold, whichever comes first", arguments: intersections)
  func anIntersectionIsWhatBothHoldWhicheverComesFirst(left: ByteRange, right: ByteRange, both: ByteRange?) {
    #expect(left.intersection(right) == both)
    #expect(right.intersection(left) == both)
  }

  static let expansions: [(ByteRange, UInt64, ByteRange)] = [
    (range(0, 0), 4096, range(0, 0)),
    (range(1, 2), 4096, range(0, 4096)),
    (range(4096, 8192), 4096, range(4096, 8192)),
    (range(4095, 4097), 4096, range(0, 8192)),
    (range(7, 9), 1, range(7, 9)),
    (range(5000, 5000), 4096, range(4096, 8192)),
    // There is no whole unit at the end of 64 bits: the range ends where it did.
    (range(.max - 10, .max - 1), 4096, range(.max - 4095, .max - 1)),
    (range(.max, .max), 4096, range(.max - 4095, .max)),
    (range(0, .max - 4095), 4096, range(0, .max - 4095)),
  ]

  @Test("a range grows to whole units and never past 64 bits", arguments: expansions)
  func aRangeGrowsToWholeUnitsAndNeverPast64Bits(range: ByteRange, unit: UInt64, whole: ByteRange) {
    #expect(range.expanded(toMultipleOf: unit) == whole)
  }

  static let unions: [([ByteRange], [ByteRange])] = [
    ([], []),
    ([range(3, 3)], []),
    ([range(0, 5)], [range(0, 5)]),
    ([range(10, 20), range(0, 5)], [range(0, 5), range(10, 20)]),
    ([range(0, 5), range(5, 10)], [range(0, 10)]),
    ([range(0, 5), range(6, 10)], [range(0, 5), range(6, 10)]),
    ([range(0, 100), range(10, 20), range(90, 110)], [range(0, 110)]),
    ([range(0, 5), range(0, 5), range(2, 2)], [range(0, 5)]),
    ([range(.max - 1, .max), range(0, .max)], [range(0, .max)]),
  ]

  @Test("a union is ascending and apart", arguments: unions) func aUnionIsAscendingAndApart(
    ranges: [ByteRange], union: [ByteRange]
  ) {
    #expect(ByteRange.union(ranges) == union)
  }

  @Test("a union holds just the bytes of its ranges") func aUnionHoldsJustTheBytesOfItsRanges() {
    for number in 0..<200 {
      var random = Seed.current.derived(number)
      let ranges = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        ByteRange(
          start: UInt64.random(in: 0..<60, using: &random), length: UInt64.random(in: 0..<12, using: &random))
      }
      let union = ByteRange.union(ranges)
      for byte in UInt64(0)..<80 {
        #expect(union.contains { $0.contains(byte) } == ranges.contains { $0.contains(byte) })
      }
      for (left, right) in zip(union, union.dropFirst()) { #expect(left.end < right.start) }
    }
  }
}
