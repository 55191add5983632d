import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import ExtentAnalyzer

/// Extents counted as they come against the same extents counted from a map that holds them.
@Suite struct MapStreamTests {
  @Test("what is counted on the way is what the whole map says")
  func whatIsCountedOnTheWayIsWhatTheWholeMapSays() throws {
    var random = Seed.current.derived(31)
    for _ in 0..<300 {
      let extents = Self.extents(&random)
      let size = UInt64.random(in: 0...600, using: &random) * 512
      let map = try ExtentMap(apparentSize: size, source: .fiemap, extents: extents)
      var expected: [MapSegment] = []
      var walk = MapWalk(map)
      walk.finish { expected.append($0) }
      var found: [MapSegment] = []
      var stream = MapStream(apparentSize: size) { found.append($0) }
      for extent in extents { stream.add(extent) }
      let totals = stream.finish()
      #expect(totals == MapTotals(of: map))
      #expect(totals.extents == map.count)
      #expect(found == expected, "seed \(Seed.current.value)")
    }
  }

  @Test("a stream that ends early and a map that goes on give every byte once")
  func aStreamThatEndsEarlyAndAMapThatGoesOnGiveEveryByteOnce() throws {
    var random = Seed.current.derived(32)
    for _ in 0..<300 {
      let extents = Self.extents(&random)
      let map = try ExtentMap(apparentSize: 300_000, source: .fiemap, extents: extents)
      var expected: [MapSegment] = []
      var whole = MapWalk(map)
      whole.finish { expected.append($0) }
      var found: [MapSegment] = []
      var stream = MapStream(apparentSize: 300_000) { found.append($0) }
      for extent in extents.prefix(Int.random(in: 0...extents.count, using: &random)) { stream.add(extent) }
      stream.addRest(of: map)
      #expect(stream.finish() == MapTotals(of: map))
      #expect(found == expected, "seed \(Seed.current.value)")
    }
  }

  /// Some touch the one before them, and some of those go on in it on the device.
  static func extents(_ random: inout some RandomNumberGenerator) -> [Extent] {
    var extents: [Extent] = []
    var end: UInt64 = 0
    var physical: UInt64 = 1 << 20
    for _ in 0..<Int.random(in: 0...40, using: &random) {
      let start = end + UInt64([0, 0, 4096, 8192].randomElement(using: &random) ?? 0)
      let length = UInt64.random(in: 1...4, using: &random) * 4096
      if Bool.random(using: &random) { physical += 1 << 16 }
      let flags: Extent.Flags = [[], [], .unwritten, .shared, .encoded].randomElement(using: &random) ?? []
      let isPlaced = Int.random(in: 0..<5, using: &random) > 0
      extents.append(Extent(start: start, length: length, physical: isPlaced ? physical : nil, flags: flags))
      end = start + length
      physical += length
    }
    return extents
  }
}
