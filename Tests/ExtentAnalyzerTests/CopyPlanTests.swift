import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import ExtentAnalyzer

/// What of a file is read and written to copy it.
@Suite struct CopyPlanTests {
  @Test("a unit is written unless every byte of it is zero, the short last one too", arguments: [512, 4096, 65536])
  func runs(unit: Int) {
    var random = Seed.current.derived(unit)
    for _ in 0..<50 {
      let size = Int.random(in: 0...(unit * 9), using: &random)
      var memory = [UInt8](repeating: 0, count: size)
      for _ in 0..<Int.random(in: 0...4, using: &random) where size > 0 {
        memory[Int.random(in: 0..<size, using: &random)] = 1
      }
      let plan = CopyPlan(size: UInt64(size), unit: UInt64(unit), spans: [ByteRange(start: 0, end: UInt64(size))])
      let runs = memory.withUnsafeBytes { plan.runs(in: $0) }
      var expected: Set<Int> = []
      for at in stride(from: 0, to: size, by: unit) where memory[at..<min(at + unit, size)].contains(1) {
        expected.formUnion(at..<min(at + unit, size))
      }
      #expect(Set(runs.flatMap { Array($0) }) == expected)
      // As few writes as there can be.
      for (run, next) in zip(runs, runs.dropFirst()) { #expect(run.upperBound < next.lowerBound) }
    }
  }

  @Test("pieces are the spans, cut at multiples of their length") func pieces() {
    let spans = [ByteRange(start: 0, end: 4096), ByteRange(start: 12_288, end: 40_000)]
    let plan = CopyPlan(size: 40_000, unit: 4096, spans: spans)
    let pieces = plan.pieces(of: 16_384)
    #expect(ByteRange.union(pieces) == spans)
    #expect(pieces.map(\.start) == [0, 12_288, 16_384, 32_768])
    #expect(plan.dataBytes == 4096 + 27_712)
    #expect(plan.mostAllocated == 4096 + 28_672)
    #expect(plan.holeBytes == 8192)
    #expect(CopyPlan(size: 0, unit: 4096, spans: []).pieces(of: 4096).isEmpty)
  }

  @Test("the map's data is read in whole units of the destination, unwritten extents are not")
  func spans() throws {
    let extents = [
      Extent(start: 4096, length: 4096, physical: 1 << 20),
      Extent(start: 16_384, length: 4096, physical: 2 << 20, flags: [.unwritten]),
      Extent(start: 61_440, length: 8192, physical: 3 << 20),
    ]
    let source = try FaultySource([UInt8](repeating: 1, count: 65_000), extents: extents)
    #expect(
      try CopyPlan(of: source, unit: 4096).spans == [
        ByteRange(start: 4096, end: 8192), ByteRange(start: 61_440, end: 65_000),
      ])
    #expect(try CopyPlan(of: source, unit: 65_536).spans == [ByteRange(start: 0, end: 65_000)])
  }
}
