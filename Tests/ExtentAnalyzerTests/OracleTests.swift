import ExtentAnalyzer
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

/// A filesystem the oracle runs on.
struct OracleFilesystem: Sendable, CustomTestStringConvertible {
  var name: String
  var type: String
  var mkfs: [String] = []
  var block = 4096
  var unit: Int?
  /// Whether FIEMAP tells extents; else holes alone are known.
  var hasExtents = true
  var sizeMiB = 400
  var sizes: ClosedRange<Int> = 8193...1_048_576

  var testDescription: String { name }

  static let all: [OracleFilesystem] = [
    OracleFilesystem(name: "ext4, 4 KiB blocks", type: "ext4", mkfs: ["-b", "4096"]),
    OracleFilesystem(name: "ext4, 1 KiB blocks", type: "ext4", mkfs: ["-b", "1024"], block: 1024),
    OracleFilesystem(
      name: "ext4, bigalloc", type: "ext4", mkfs: ["-b", "4096", "-O", "bigalloc", "-C", "65536"], unit: 65536),
    OracleFilesystem(
      name: "ext4, inline data", type: "ext4", mkfs: ["-b", "4096", "-O", "inline_data", "-I", "512"],
      sizes: 4097...262_144),
    OracleFilesystem(name: "xfs", type: "xfs", sizeMiB: 600),
    OracleFilesystem(name: "btrfs", type: "btrfs", sizeMiB: 600),
    OracleFilesystem(name: "tmpfs", type: "tmpfs", hasExtents: false),
  ]
}

/// Random sparse files are written from a plan; what is measured must be what the plan says, byte for byte.
@Suite(.needsRootAndLoop, .serialized)
struct OracleTests {
  @Test(
    "a random file measures as it was planned, before a sync, after reading and after a sync",
    arguments: OracleFilesystem.all)
  func aRandomFileMeasuresAsItWasPlannedBeforeASyncAfterReadingAndAfterASync(
    _ filesystem: OracleFilesystem
  ) throws {
    try LoopMount.withFilesystem(filesystem.type, sizeMiB: filesystem.sizeMiB, mkfsArguments: filesystem.mkfs) {
      mountpoint, _ in
      for number in 0..<300 {
        let seed = Seed.current.derived(number).value
        // Zeros over preallocation are unwritten until they are written back.
        let synced = number % 3 == 2
        // On tmpfs a write makes data of the whole large folio it falls into, and fallocate makes such folios.
        let contents: SparsePlan.Contents = !filesystem.hasExtents ? .punches : synced ? .all : .unsynced
        let plan = SparsePlan.random(
          seed: seed, size: filesystem.sizes, grain: 4096, unit: filesystem.unit, contents: contents)
        let path = "\(mountpoint)/file\(number % 8)"
        try plan.write(to: path, synchronize: synced ? [.atEnd, .afterEachOperation][number / 3 % 2] : .none)
        try check(path, plan, filesystem, "\(filesystem.name), \(plan.description)")
        if number % 3 == 1 {
          // Somebody reads it: SEEK_DATA then calls preallocation data.
          _ = try Data(contentsOf: URL(fileURLWithPath: path))
          try check(path, plan, filesystem, "read, \(filesystem.name), \(plan.description)")
        }
      }
    }
  }

  private func check(
    _ path: String, _ plan: SparsePlan, _ filesystem: OracleFilesystem, _ comment: String
  ) throws {
    // First as it is done, so that nothing is in the page cache but what was; then the other ways.
    for access in [ScanAccess.automatic, .mapping, .reading] {
      if access != .automatic, plan.seed % 4 != 0 { continue }
      // tmpfs allocates what is mapped and touched.
      if access == .mapping, filesystem.type == "tmpfs" { continue }
      try check(path, plan, filesystem, access, "\(access), \(comment)")
    }
  }

  private func check(
    _ path: String, _ plan: SparsePlan, _ filesystem: OracleFilesystem, _ access: ScanAccess, _ comment: String
  ) throws {
    let expected = plan.expectation(blockBytes: filesystem.block, unitBytes: filesystem.unit)
    let file = try ReadOnlyFile.open(FilePath(path), expecting: .regularFile)
    let unit = filesystem.unit.map { UInt64($0) }
    let source = try LiveFile(file, allocationUnit: unit) { _ in UInt64(filesystem.block) }
    var segments: [MapSegment] = []
    var analyzer = ImageAnalyzer()
    analyzer.access = access
    let measurement = try analyzer.measure(source) { segments.append($0) }
    let totals = measurement.totals
    let zero = try #require(measurement.zero, Comment(rawValue: comment))
    checkInvariants(
      measurement, segments, freesWholeExtents: filesystem.type == "btrfs", Comment(rawValue: comment))

    if filesystem.hasExtents {
      #expect(Int(totals.data) == expected.data, Comment(rawValue: comment))
      #expect(Int(totals.hole) == expected.hole, Comment(rawValue: comment))
      #expect(Int(totals.unwritten) == expected.unwritten, Comment(rawValue: comment))
      #expect(Int(zero.zeroBytes) == expected.zero, Comment(rawValue: comment))
    } else {
      #expect(Int(totals.data) == expected.data, Comment(rawValue: comment))
      #expect(Int(totals.hole) == expected.hole + expected.unwritten, Comment(rawValue: comment))
      #expect(Int(zero.zeroBytes) == expected.zero, Comment(rawValue: comment))
      let usage = measurement.usage(path: "x", role: .other)
      #expect(usage.unwrittenBytes == nil && usage.metadataBytes == nil)
    }
    #expect(measurement.changedWhileReading == false)
    let runs = joined(segments, hasUnwritten: filesystem.hasExtents)
    #expect(runs == planned(expected, hasUnwritten: filesystem.hasExtents), Comment(rawValue: comment))
  }

  /// Segments of one kind put together, whatever the extents.
  private func joined(_ segments: [MapSegment], hasUnwritten: Bool) -> [SparsePlan.Run] {
    var runs: [SparsePlan.Run] = []
    for segment in segments {
      let range = Int(segment.range.start)..<Int(segment.range.end)
      let kind: SparsePlan.BlockClass =
        switch segment.kind {
        case .hole: .hole
        case .unwritten: .unwritten
        case .data, .zero, .unreadable: .data
        }
      runs.append(SparsePlan.Run(range: range, blockClass: kind, isZero: segment.kind == .zero))
    }
    return merged(runs)
  }

  private func planned(_ expected: SparsePlan.Expectation, hasUnwritten: Bool) -> [SparsePlan.Run] {
    var runs = expected.runs(zeros: true)
    if !hasUnwritten {
      for index in runs.indices where runs[index].blockClass == .unwritten { runs[index].blockClass = .hole }
    }
    return merged(runs)
  }

  private func merged(_ runs: [SparsePlan.Run]) -> [SparsePlan.Run] {
    var out: [SparsePlan.Run] = []
    for run in runs {
      if let last = out.last, last.blockClass == run.blockClass, last.isZero == run.isZero {
        out[out.count - 1].range = last.range.lowerBound..<run.range.upperBound
      } else {
        out.append(run)
      }
    }
    return out
  }
}
