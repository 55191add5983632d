import ExtentAnalyzer
import Foundation
import LinuxStorage
import SpaceModel
import Synchronization
import TestSupport
import Testing

/// What a scan finds does not depend on whether it reads a file or maps it, nor on who cuts or breaks it meanwhile.
@Suite struct ZeroAccessTests {
  private func source(_ path: String, unit: UInt64) throws -> LiveFile {
    let file = try ReadOnlyFile.open(FilePath(path), expecting: .regularFile)
    return try LiveFile(file, allocationUnit: unit) { _ in unit }
  }

  private func measured(
    _ source: any ImageSource, _ access: ScanAccess, workers: Int = 2
  ) throws -> ([MapSegment], ImageMeasurement) {
    var analyzer = ImageAnalyzer()
    analyzer.access = access
    analyzer.workers = workers
    var segments: [MapSegment] = []
    let measurement = try analyzer.measure(source) { segments.append($0) }
    return (segments, measurement)
  }

  @Test(
    "a mapped file, a read one and one in memory give the same zeros",
    arguments: [512, 1024, 4096, 16384, 65536, 1 << 20, 8 << 20] as [UInt64])
  func aMappedFileAReadOneAndOneInMemoryGiveTheSameZeros(unit: UInt64) throws {
    let scratch = try ScratchDirectory()
    var random = Seed.current.derived(Int(unit))
    for number in 0..<LongProof.count(40, sample: 8) {
      let path = scratch.file("image\(number)")
      let bytes = content(pieces: Int.random(in: 1...60, using: &random), unit: Int(unit), &random)
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let spans = randomSpans(size: bytes.count, unit: unit, &random)
      let live = try source(path, unit: unit)
      let size = UInt64(bytes.count)
      let expected = zeros(of: bytes, in: spans, unit: Int(unit))
      let found = live.zerosInPlace(of: spans[...], unit: unit, size: size, access: .mapping)
      #expect(found == expected, "seed \(Seed.current.value), \(number)")

      let memory = try FaultySource(bytes, unit: max(unit, 4096))
      let wanted = try measured(memory, .automatic)
      for access in [ScanAccess.automatic, .reading, .mapping] {
        let (segments, measurement) = try measured(live, access, workers: Int.random(in: 1...3, using: &random))
        checkInvariants(measurement, segments, "seed \(Seed.current.value), \(number)")
        guard unit >= 4096, measurement.unit.bytes == unit else { continue }
        #expect(measurement.zero?.zeroBytes == wanted.1.zero?.zeroBytes, "seed \(Seed.current.value), \(number)")
      }
    }
  }

  /// The file's end falls within a unit, a page or nowhere special; runs begin and end in the middle of units.
  private func content(pieces: Int, unit: Int, _ random: inout Seed) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<pieces where bytes.count < 24 << 20 {
      let length =
        Bool.random(using: &random)
        ? unit * Int.random(in: 1...4, using: &random) : Int.random(in: 1...9000, using: &random)
      bytes += [UInt8](repeating: 0, count: length)
      switch Int.random(in: 0...4, using: &random) {
      case 0: bytes[bytes.count - 1] = 1
      case 1: bytes[bytes.count - length] = 1
      case 2: bytes[bytes.count - length + Int.random(in: 0..<length, using: &random)] = 0x80
      default: break
      }
    }
    return bytes
  }

  /// Ascending and apart, neighbours at times as near as one unit.
  private func randomSpans(size: Int, unit: UInt64, _ random: inout Seed) -> [ByteRange] {
    let units = (UInt64(size) + unit - 1) / unit
    var spans: [ByteRange] = []
    var at: UInt64 = 0
    while at < units {
      let length = UInt64.random(in: 1...max(1, units / 3), using: &random)
      spans.append(ByteRange(start: at * unit, end: min(at + length, units) * unit))
      at += length + UInt64.random(in: 1...3, using: &random)
    }
    return spans
  }

  private func zeros(of bytes: [UInt8], in spans: [ByteRange], unit: Int) -> [ByteRange] {
    var runs: [ByteRange] = []
    for span in spans {
      for start in stride(from: Int(span.start), to: Int(span.end), by: unit)
      where bytes[start..<min(start + unit, bytes.count)].allSatisfy({ $0 == 0 }) {
        runs.append(ByteRange(start: UInt64(start), length: UInt64(unit)))
      }
    }
    return ByteRange.union(runs)
  }

  /// The pages behind the end are mapped and not there: SIGBUS.
  @Test("a file that was cut after it was mapped out is not mapped but read, which says so", arguments: [1, 3])
  func aFileThatWasCutAfterItWasMappedOutIsNotMappedButReadWhichSaysSo(workers: Int) throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("image")
    try Data(count: 12 << 20).write(to: URL(fileURLWithPath: path))
    let live = try source(path, unit: 4096)
    let whole = [ByteRange(start: 0, end: 12 << 20)]
    #expect(live.zerosInPlace(of: whole[...], unit: 4096, size: live.size, access: .mapping) == whole)
    let cut = try CutSource(live, at: (5 << 20) + 100)
    let (_, measurement) = try measured(cut, .mapping, workers: workers)
    #expect(live.zerosInPlace(of: whole[...], unit: 4096, size: live.size, access: .mapping) == nil)
    #expect(measurement.changedWhileReading)
    #expect(measurement.zero == nil)
    #expect(measurement.readError?.code == .truncated)
    #expect(measurement.readError?.description.contains("it ends at byte \((5 << 20) + 100)") == true)
  }

  @Test("a file that is cut and grown all the time never ends the scan but with a result")
  func aFileThatIsCutAndGrownAllTheTimeNeverEndsTheScanButWithAResult() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("image")
    let size = 32 << 20
    try Data(count: size).write(to: URL(fileURLWithPath: path))
    let done = Flag()
    WorkerThreads.detach {
      while !done.value.load(ordering: .relaxed) {
        truncate(path, 1 << 20)
        truncate(path, off_t(size))
      }
      done.ended.store(true, ordering: .relaxed)
    }
    defer {
      done.value.store(true, ordering: .relaxed)
      while !done.ended.load(ordering: .relaxed) { usleep(1000) }
    }
    let spans = [ByteRange(start: 0, end: UInt64(size))]
    var lost = 0
    for _ in 0..<LongProof.count(2000, sample: 200) {
      let live = try source(path, unit: 4096)
      if live.zerosInPlace(of: spans[...], unit: 4096, size: UInt64(size), access: .mapping) == nil { lost += 1 }
      _ = try? measured(live, .mapping)
    }
    #expect(lost > 0)
  }

  /// The loop device ends inside the file: the kernel answers a touched page with SIGBUS, a read with EIO.
  @Test("a disk that fails under a mapped file names the bad blocks", .needsRootAndLoop)
  func aDiskThatFailsUnderAMappedFileNamesTheBadBlocks() throws {
    let scratch = try ScratchDirectory()
    let disk = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 64, mkfsArguments: ["-b", "4096"])
    let end = try LoopMount.with(image: disk, type: "ext4") { mountpoint, _ in
      let path = "\(mountpoint)/image"
      try Command.check("dd", "if=/dev/zero", "of=\(path)", "bs=1M", "count=16", "conv=fsync", "status=none")
      let extents = try source(path, unit: 4096).extentMap()
      let last = try #require(extents.max { ($0.physical ?? 0) < ($1.physical ?? 0) })
      return try #require(last.physical) + last.length - (1 << 20)
    }
    try LoopMount.with(image: disk, type: "ext4", readOnly: true) { mountpoint, _ in
      try Command.check("truncate", "-s", "\(end)", disk)
      try "3".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
      let (mapped, measurement) = try measured(source("\(mountpoint)/image", unit: 4096), .mapping)
      let (read, _) = try measured(source("\(mountpoint)/image", unit: 4096), .reading)
      #expect(mapped == read)
      #expect(measurement.readError?.code == .io)
      #expect(measurement.unreadableBytes == 1 << 20)
      #expect(measurement.zero?.zeroBytes == 15 << 20)
    }
  }

  private final class Flag: Sendable {
    let value = Atomic<Bool>(false)
    let ended = Atomic<Bool>(false)
  }
}

/// A file that is cut once its map was taken.
private final class CutSource: ImageSource {
  private let live: LiveFile
  private let end: UInt64

  init(_ live: LiveFile, at end: UInt64) throws {
    self.live = live
    self.end = end
  }

  var path: FilePath { live.path }
  var size: UInt64 { live.size }
  var host: HostFilesystem { live.host }
  func status() throws(StorageError) -> FileStatus { try live.status() }
  func extentMap() throws(StorageError) -> ExtentMap {
    let map = try live.extentMap()
    truncate(live.path.display, off_t(end))
    return map
  }
  func nextData(from offset: UInt64) throws(StorageError) -> ByteRange? { try live.nextData(from: offset) }
  func wholeExtents() throws(StorageError) -> [WholeExtent]? { try live.wholeExtents() }
  func askAllocationUnit() -> UInt64? { live.askAllocationUnit() }
  func awaitWriteback() {}
  func dirtyRuns(in range: ByteRange) -> [ByteRange] { live.dirtyRuns(in: range) }
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try live.read(into: buffer, at: offset)
  }
  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try live.readQuietly(into: buffer, at: offset)
  }
  func zerosInPlace(
    of spans: ArraySlice<ByteRange>, unit: UInt64, size: UInt64, access: ScanAccess
  ) -> [ByteRange]? { live.zerosInPlace(of: spans, unit: unit, size: size, access: access) }
}
