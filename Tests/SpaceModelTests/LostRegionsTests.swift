import SpaceModel
import Testing

@Suite("Lost regions")
struct LostRegionsTests {
  @Test("They are the ranges themselves where these are few; none is absent")
  func few() {
    #expect(Integrity.regions(of: []) == nil)
    let ranges = [ByteRange(start: 4096, end: 8192), ByteRange(start: 1 << 30, end: 1 << 30 + 1)]
    #expect(Integrity.regions(of: ranges) == [[4096, 8192], [1 << 30, 1 << 30 + 1]])
  }

  @Test("Of many, the narrowest gaps are closed, and nothing that is lost is left out", arguments: [256, 257, 5000])
  func many(_ count: UInt64) throws {
    let ranges = (0..<count).map { ByteRange(start: $0 * ($0 + 1) * 4096, length: 4096) }
    let regions = try #require(Integrity.regions(of: ranges))
    #expect(regions.count <= Integrity.regionLimit)
    #expect(count > 256 || regions.count == count)
    #expect(zip(regions, regions.dropFirst()).allSatisfy { $0[1] < $1[0] })
    for range in ranges {
      #expect(regions.contains { $0[0] <= Int64(range.start) && Int64(range.end) <= $0[1] })
    }
    // The widest gap, the last, stays.
    #expect(regions.last == [Int64((count - 1) * count * 4096), Int64((count - 1) * count * 4096 + 4096)])
  }

  @Test("Equal gaps are closed together") func equalGaps() {
    let ranges = (0..<1000).map { ByteRange(start: UInt64($0) * 8192, length: 4096) }
    #expect(Integrity.regions(of: ranges) == [[0, 999 * 8192 + 4096]])
  }
}
