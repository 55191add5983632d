import TestSupport
import Testing

@testable import SpaceModel

@Suite struct ExtentMapTests {
  private static func extent(
    _ start: UInt64, _ length: UInt64, at physical: UInt64? = nil, _ flags: Extent.Flags = []
  ) -> Extent {
    Extent(start: start, length: length, physical: physical, flags: flags)
  }

  private static func map(_ extents: [Extent], size: UInt64 = 1 << 20) throws -> ExtentMap {
    try ExtentMap(apparentSize: size, source: .fiemap, extents: extents)
  }

  struct Merging: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var extents: [Extent]
    var merged: [Extent]
  }

  static let mergings: [Merging] = [
    Merging(
      testDescription: "adjacent in file and on device", extents: [extent(0, 10, at: 100), extent(10, 5, at: 110)],
      merged: [extent(0, 15, at: 100)]),
    Merging(
      testDescription: "adjacent in the file only", extents: [extent(0, 10, at: 100), extent(10, 5, at: 111)],
      merged: [extent(0, 10, at: 100), extent(10, 5, at: 111)]),
    Merging(
      testDescription: "adjacent on the device only", extents: [extent(0, 10, at: 100), extent(11, 5, at: 110)],
      merged: [extent(0, 10, at: 100), extent(11, 5, at: 110)]),
    Merging(
      testDescription: "other flags", extents: [extent(0, 10, at: 100), extent(10, 5, at: 110, .unwritten)],
      merged: [extent(0, 10, at: 100), extent(10, 5, at: 110, .unwritten)]),
    Merging(
      testDescription: "equal flags",
      extents: [extent(0, 1, at: 9, [.shared, .unwritten]), extent(1, 1, at: 10, [.unwritten, .shared])],
      merged: [extent(0, 2, at: 9, [.shared, .unwritten])]),
    Merging(
      testDescription: "both without a place",
      extents: [extent(0, 10, at: nil, .delayed), extent(10, 5, at: nil, .delayed)],
      merged: [extent(0, 15, at: nil, .delayed)]),
    Merging(
      testDescription: "one without a place", extents: [extent(0, 10), extent(10, 5, at: 110)],
      merged: [extent(0, 10), extent(10, 5, at: 110)]),
    Merging(
      testDescription: "three, the middle one joins",
      extents: [extent(0, 1, at: 5), extent(1, 1, at: 6), extent(2, 1, at: 7)],
      merged: [extent(0, 3, at: 5)]),
    Merging(
      testDescription: "empty ones are ignored",
      extents: [extent(0, 0, at: 5), extent(4, 1, at: 6), extent(2, 0), extent(5, 1, at: 7)],
      merged: [extent(4, 2, at: 6)]),
    Merging(
      testDescription: "a place that ends at the end of 64 bits",
      extents: [extent(0, 1, at: .max - 1), extent(1, 1, at: .max - 2)],
      merged: [extent(0, 1, at: .max - 1), extent(1, 1, at: .max - 2)]),
  ]

  @Test("neighbours in file and on device are one", arguments: mergings) func neighboursInFileAndOnDeviceAreOne(
    row: Merging
  ) throws {
    let map = try Self.map(row.extents)
    #expect(Array(map) == row.merged)
    #expect(map.mappedEnd == row.merged.last?.range.end)
  }

  @Test("an empty map has no extent") func anEmptyMapHasNoExtent() throws {
    let map = ExtentMap(apparentSize: 0, source: .blocks)
    #expect(map.isEmpty && map.mappedEnd == 0)
    #expect(map.firstIndex(endingAfter: 0) == 0)
    #expect(try Self.map([Self.extent(7, 0)]).isEmpty)
  }

  static let disorders: [([Extent], Extent)] = [
    ([extent(0, 10, at: 0)], extent(9, 1)),
    ([extent(0, 10, at: 0)], extent(0, 10, at: 0)),
    ([extent(100, 10)], extent(0, 1)),
    ([], extent(.max, 1)),
    ([], extent(.max - 5, 6 + 1)),
  ]

  @Test("an extent that overlaps, goes back or passes 64 bits is refused", arguments: disorders)
  func anExtentThatOverlapsGoesBackOrPasses64BitsIsRefused(
    before: [Extent], extent: Extent
  ) throws {
    var map = try Self.map(before)
    let count = map.count
    let end = map.mappedEnd
    #expect(throws: ExtentOrderError(extent: extent, mappedEnd: end)) { try map.append(extent) }
    #expect(map.count == count)
    #expect(map.mappedEnd == end)
  }

  @Test("length and flags never run into each other") func lengthAndFlagsNeverRunIntoEachOther() throws {
    let flags: Extent.Flags = [.unwritten, .shared, .encoded, .inline, .delayed]
    // About the longest that is kept in sectors, and what is no whole number of them.
    let lengths: [UInt64] = [
      1, 511, 512, 513, 4096, (1 << 36) - 512, (1 << 36) - 1, 1 << 36, (1 << 36) + 512, 1 << 56, .max - 3,
    ]
    for length in lengths {
      let extent = Self.extent(3, length, at: 4096, flags)
      #expect(Array(try Self.map([extent])) == [extent])
    }
    // One that grows from a short one to a long one by merging.
    let pair = [Self.extent(0, (1 << 36) - 512, at: 0), Self.extent((1 << 36) - 512, 1 << 40, at: (1 << 36) - 512)]
    #expect(Array(try Self.map(pair)) == [Self.extent(0, (1 << 36) - 512 + (1 << 40), at: 0)])
  }

  @Test("the first extent behind an offset is found") func theFirstExtentBehindAnOffsetIsFound() throws {
    let map = try Self.map([Self.extent(10, 10, at: 0), Self.extent(30, 10, at: 100), Self.extent(50, 1, at: 50)])
    let rows: [(UInt64, Int)] = [
      (0, 0), (10, 0), (19, 0), (20, 1), (29, 1), (39, 1), (40, 2), (50, 2), (51, 3), (.max, 3),
    ]
    for (offset, index) in rows { #expect(map.firstIndex(endingAfter: offset) == index, "offset \(offset)") }
  }

  /// Around the ends of a piece, where storage begins anew, and far behind.
  @Test("many extents come back as they were put in", arguments: [4095, 4096, 4097, 8192, 8193, 120_000])
  func manyExtentsComeBackAsTheyWerePutIn(count: Int) throws {
    var map = ExtentMap(apparentSize: UInt64(count) * 8192, source: .filesystem)
    func extent(_ index: Int) -> Extent {
      Self.extent(
        UInt64(index) * 8192, 4096, at: index % 7 == 0 ? nil : UInt64(index) * 5000, index % 3 == 0 ? .shared : [])
    }
    for index in 0..<count { try map.append(extent(index)) }
    #expect(map.count == count)
    let isEqual = (0..<count).allSatisfy { map[$0] == extent($0) }
    #expect(isEqual)
    #expect(map.elementsEqual((0..<count).map(extent)))
    let isFound = (0..<count).allSatisfy { map.firstIndex(endingAfter: UInt64($0) * 8192 + 4095) == $0 }
    #expect(isFound)
    // Merging goes on into the last one, also where it is the first of a piece.
    let last = extent(count - 1)
    try map.append(Self.extent(last.range.end, 100, at: last.physical.map { $0 + 4096 }, last.flags))
    #expect(map.count == count)
    #expect(map[count - 1].length == 4196)
  }

  @Test("a copy does not change with the original") func aCopyDoesNotChangeWithTheOriginal() throws {
    var map = try Self.map([Self.extent(0, 10, at: 100)])
    let copy = map
    try map.append(Self.extent(10, 10, at: 110))
    try map.append(Self.extent(50, 10, at: 500))
    #expect(Array(copy) == [Self.extent(0, 10, at: 100)])
    #expect(copy.mappedEnd == 10)
    #expect(map.count == 2)
  }

  @Test("random extents merge to what a plain list would") func randomExtentsMergeToWhatAPlainListWould() throws {
    for number in 0..<100 {
      var random = Seed.current.derived(number)
      var expected: [Extent] = []
      var extents: [Extent] = []
      var end: UInt64 = 0
      for _ in 0..<Int.random(in: 0..<60, using: &random) {
        let start = end + (Bool.random(using: &random) ? 0 : 1)
        let length = UInt64.random(in: 1...3, using: &random)
        let physical: UInt64? = Int.random(in: 0..<5, using: &random) == 0 ? nil : start + 1000
        let flags: Extent.Flags = Int.random(in: 0..<4, using: &random) == 0 ? .unwritten : []
        extents.append(Self.extent(start, length, at: physical, flags))
        end = start + length
        if let last = expected.last, last.range.end == start, last.flags == flags,
          (last.physical == nil) == (physical == nil)
        {
          expected[expected.count - 1].length += length
        } else {
          expected.append(Self.extent(start, length, at: physical, flags))
        }
      }
      #expect(Array(try Self.map(extents)) == expected, "case \(number) of \(Seed.current)")
    }
  }

  static let clips: [(Extent, ByteRange, Extent?)] = [
    (extent(10, 10, at: 100), ByteRange(start: 0, end: 100), extent(10, 10, at: 100)),
    (extent(10, 10, at: 100), ByteRange(start: 15, end: 100), extent(15, 5, at: 105)),
    (extent(10, 10, at: 100, .shared), ByteRange(start: 12, end: 13), extent(12, 1, at: 102, .shared)),
    (extent(10, 10), ByteRange(start: 0, end: 11), extent(10, 1)),
    (extent(10, 10), ByteRange(start: 20, end: 30), nil),
    (extent(10, 10), ByteRange(start: 15, end: 15), nil),
  ]

  @Test("a clipped extent takes its place on the device along", arguments: clips)
  func aClippedExtentTakesItsPlaceOnTheDeviceAlong(
    extent: Extent, range: ByteRange, clipped: Extent?
  ) {
    #expect(extent.clipped(to: range) == clipped)
  }
}
