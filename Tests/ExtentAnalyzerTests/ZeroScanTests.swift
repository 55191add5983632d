import ExtentAnalyzer
import SpaceModel
import Synchronization
import TestSupport
import Testing

/// Counts across threads.
private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}

/// The zero scan on made-up images: units, ends, errors.
@Suite struct ZeroScanTests {
  private func image(blocks: String, tail: Int = 0) -> [UInt8] {
    // A letter a block: z zeros, d data, l zeros but for the last byte.
    var bytes: [UInt8] = []
    for kind in blocks {
      var block = [UInt8](repeating: kind == "d" ? 0xA5 : 0, count: 4096)
      if kind == "l" { block[4095] = 1 }
      bytes += block
    }
    return bytes + [UInt8](repeating: 0, count: tail)
  }

  private func measured(_ source: FaultySource) throws -> (String, ImageMeasurement) {
    var segments: [MapSegment] = []
    let measurement = try ImageAnalyzer().measure(source) { segments.append($0) }
    return (segments.map { "\($0.kind) \($0.range.length)" }.joined(separator: ", "), measurement)
  }

  @Test("every byte of a block counts, the last one too") func everyByteOfABlockCountsTheLastOneToo() throws {
    let source = try FaultySource(image(blocks: "zlzdd"))
    let (text, measurement) = try measured(source)
    #expect(text == "zero 4096, data 4096, zero 4096, data 8192")
    #expect(measurement.zero?.zeroBytes == 8192)
    #expect(measurement.zero?.reclaimable == 8192)
  }

  @Test("a last partial unit counts with its bytes and gives back all of it")
  func aLastPartialUnitCountsWithItsBytesAndGivesBackAllOfIt() throws {
    let source = try FaultySource(image(blocks: "d", tail: 10))
    let measurement = try ImageAnalyzer().measure(source)
    #expect(measurement.zero?.zeroBytes == 10)
    #expect(measurement.zero?.reclaimable == 4096)
    #expect(measurement.totals.pastEnd == 4086)
  }

  @Test("zeros count in whole clusters") func zerosCountInWholeClusters() throws {
    let source = try FaultySource(image(blocks: "zzzzzzzd" + "zzzz"), unit: 16384)
    let (text, measurement) = try measured(source)
    #expect(text == "zero 16384, data 16384, zero 16384")
    #expect(measurement.zero?.reclaimable == 32768)
  }

  @Test("a cluster that is half hole and half zeros is given back whole")
  func aClusterThatIsHalfHoleAndHalfZerosIsGivenBackWhole() throws {
    let extents = [Extent(start: 8192, length: 8192, physical: 1 << 20)]
    let source = try FaultySource(image(blocks: "zzzz"), extents: extents, unit: 16384)
    let (text, measurement) = try measured(source)
    #expect(text == "hole 8192, zero 8192")
    #expect(measurement.zero?.zeroBytes == 8192)
    #expect(measurement.zero?.reclaimable == 16384)
  }

  @Test("shared, encoded and inline extents are not given back, and say so")
  func sharedEncodedAndInlineExtentsAreNotGivenBackAndSaySo() throws {
    let flags: [(Extent.Flags, ReclaimableReason)] = [
      (.shared, .shared), (.encoded, .encoded), (.inline, .inline),
    ]
    for (flag, reason) in flags {
      let extents = [
        Extent(start: 0, length: 8192, physical: 1 << 20),
        Extent(start: 8192, length: 8192, physical: 1 << 30, flags: flag),
      ]
      let measurement = try ImageAnalyzer().measure(FaultySource(image(blocks: "zzzz"), extents: extents))
      #expect(measurement.zero?.zeroBytes == 16384)
      #expect(measurement.zero?.reclaimable == 8192)
      #expect(measurement.zero?.reasons == [reason])
    }
  }

  @Test("a block that cannot be read is named, and the rest is measured")
  func aBlockThatCannotBeReadIsNamedAndTheRestIsMeasured() throws {
    let bad = ByteRange(start: 2 * 4096 + 100, length: 1)
    let source = try FaultySource(image(blocks: "zzzdz"), bad: [bad])
    let (text, measurement) = try measured(source)
    #expect(text == "zero 8192, unreadable 4096, data 4096, zero 4096")
    #expect(measurement.unreadableBytes == 4096)
    #expect(measurement.zero?.zeroBytes == 12288)
    #expect(measurement.zero?.reasons == [.notAllRead])
    let error = try #require(measurement.readError)
    #expect(
      error.description == """
        cannot read 'memory.img': the device reports a read error at byte 8192
          cause: pread failed: Input/output error (errno 5)
          hint: Look for I/O errors in the kernel log (dmesg) and check the disk.
        """)
    #expect(measurement.cells.cells.contains(.unreadable))
  }

  @Test("a disk with too many bad blocks is given up, and what was found is a lower bound")
  func aDiskWithTooManyBadBlocksIsGivenUpAndWhatWasFoundIsALowerBound() throws {
    let source = try FaultySource(
      [UInt8](repeating: 0, count: 6000 * 4096), bad: [ByteRange(start: 2048 * 4096, end: 6000 * 4096)])
    let (text, measurement) = try measured(source)
    #expect(text.hasPrefix("zero \(2048 * 4096), unreadable"))
    #expect(measurement.zero?.reclaimable == 2048 * 4096)
    #expect(measurement.zero?.reasons == [.notAllRead])
    #expect(measurement.unreadableBytes == (6000 - 2048) * 4096)
    #expect(measurement.readError?.code == .io)
  }

  @Test("a file that is cut while it is read has changed") func aFileThatIsCutWhileItIsReadHasChanged() throws {
    let source = try FaultySource(image(blocks: "dddddddd"), endsAt: 5 * 4096)
    let measurement = try ImageAnalyzer().measure(source)
    #expect(measurement.changedWhileReading)
    #expect(measurement.zero == nil)
    #expect(measurement.readError?.code == .truncated)
  }

  @Test("a cancelled scan ends with an error that says so") func aCancelledScanEndsWithAnErrorThatSaysSo() throws {
    let reads = Counter()
    var analyzer = ImageAnalyzer()
    analyzer.onRead = { _ in reads.value.add(1, ordering: .relaxed) }
    analyzer.isCancelled = { reads.value.load(ordering: .relaxed) >= 3 }
    let source = try FaultySource([UInt8](repeating: 1, count: 64 << 20))
    let error = #expect(throws: StorageError.self) { try analyzer.measure(source) }
    #expect(error?.code == .cancelled)
    #expect(reads.value.load(ordering: .relaxed) < 10)
  }

  @Test("zero runs that cross pieces and workers are one") func zeroRunsThatCrossPiecesAndWorkersAreOne() throws {
    var bytes = [UInt8](repeating: 0, count: 24 << 20)
    bytes[20 << 20] = 1
    let source = try FaultySource(bytes)
    for workers in 1...4 {
      var analyzer = ImageAnalyzer()
      analyzer.workers = workers
      var segments: [MapSegment] = []
      _ = try analyzer.measure(source) { segments.append($0) }
      #expect(segments.map(\.kind) == [.zero, .data, .zero])
      #expect(segments.first?.range.length == 20 << 20)
    }
  }

  @Test("random images measure the same whatever the unit, the workers and the extents")
  func randomImagesMeasureTheSameWhateverTheUnitTheWorkersAndTheExtents() throws {
    var random = Seed.current.derived(5)
    for _ in 0..<30 {
      let count = Int.random(in: 1...600, using: &random)
      let letters = (0..<count).map { _ in "zzzzdl".randomElement(using: &random) ?? "d" }
      let bytes = image(blocks: String(letters), tail: Int.random(in: 0...4095, using: &random))
      var extents: [Extent] = []
      var at: UInt64 = 0
      while at < UInt64(bytes.count) {
        let length = 4096 * UInt64.random(in: 1...40, using: &random)
        if Bool.random(using: &random) { extents.append(Extent(start: at, length: length, physical: at + (1 << 30))) }
        at += length
      }
      // What no extent maps must be zero.
      var masked = [UInt8](repeating: 0, count: bytes.count)
      for extent in extents {
        let range = Int(extent.start)..<min(bytes.count, Int(extent.start + extent.length))
        if !range.isEmpty { masked.replaceSubrange(range, with: bytes[range]) }
      }
      let unit: UInt64 = [4096, 16384, 65536].randomElement(using: &random) ?? 4096
      let source = try FaultySource(masked, extents: extents, unit: unit)
      var expected = 0
      for start in stride(from: 0, to: masked.count, by: Int(unit))
      where masked[start..<min(start + Int(unit), masked.count)].allSatisfy({ $0 == 0 }) {
        for extent in extents {
          let range = ByteRange(start: UInt64(start), end: UInt64(min(start + Int(unit), masked.count)))
          expected += Int(extent.range.intersection(range)?.length ?? 0)
        }
      }
      for workers in [1, 3] {
        var analyzer = ImageAnalyzer()
        analyzer.workers = workers
        var segments: [MapSegment] = []
        let measurement = try analyzer.measure(source) { segments.append($0) }
        checkInvariants(measurement, segments, "seed \(Seed.current.value)")
        #expect(Int(measurement.zero?.zeroBytes ?? 0) == expected, "seed \(Seed.current.value)")
      }
    }
  }
}
