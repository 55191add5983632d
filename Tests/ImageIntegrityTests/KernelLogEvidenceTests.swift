import SpaceModel
import Testing

@testable import ImageIntegrity

/// Failed writes count only where the image still reads as zeros.
struct KernelLogEvidenceTests {
  private static let block: UInt64 = 4096
  private static let uuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"

  /// Eight blocks from block 1000 on failed, on a device of 3 GiB.
  private static func log(uuid: String?, places: Bool = true) -> KernelLog {
    var log = KernelLog()
    func add(_ line: String) { log.add(line: Array(line.utf8)) }
    add("[    1.000000] loop0: detected capacity change from 0 to 6291456")
    if let uuid {
      add("[    2.000000] EXT4-fs (loop0): mounted filesystem \(uuid) r/w without journal. Quota mode: none.")
    }
    for block in 1000..<1008 {
      add(
        places
          ? "[    3.000000] Buffer I/O error on dev loop0, logical block \(block), lost async page write"
          : "[    3.000000] EXT4-fs warning (device loop0): ext4_end_bio:343: I/O error 3 writing to inode 12 starting")
    }
    log.finish()
    return log
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var log: String?
    var hasPlaces = true
    /// How many of the eight blocks read as zeros.
    var zeros: UInt64
    var before: Integrity.State
    var after: Integrity.State
    var testDescription: String { "\(log ?? "no UUID"), \(zeros) zero, \(hasPlaces ? "" : "no places, ")\(before)" }
  }

  private static let other = "3f2504e0-4f89-11d3-9a0c-000000000000"

  @Test(
    "the state after the log, by what ties it and how much still reads as zeros",
    arguments: [
      Case(log: uuid, zeros: 1, before: .clean, after: .damaged),
      Case(log: uuid, zeros: 1, before: .unknown, after: .damaged),
      Case(log: uuid, zeros: 1, before: .suspect, after: .damaged),
      Case(log: uuid, zeros: 0, before: .clean, after: .clean),
      Case(log: uuid, zeros: 0, before: .suspect, after: .suspect),
      Case(log: uuid, hasPlaces: false, zeros: 0, before: .clean, after: .suspect),
      Case(log: uuid, hasPlaces: false, zeros: 0, before: .suspect, after: .damaged),
      Case(log: nil, zeros: 8, before: .clean, after: .suspect),
      Case(log: nil, zeros: 2, before: .unknown, after: .suspect),
      Case(log: nil, zeros: 2, before: .suspect, after: .damaged),
      // Another image of the same size, whose places hit zeros by chance.
      Case(log: nil, zeros: 1, before: .clean, after: .clean),
      Case(log: nil, zeros: 1, before: .suspect, after: .suspect),
      Case(log: nil, hasPlaces: false, zeros: 0, before: .clean, after: .clean),
      Case(log: nil, hasPlaces: false, zeros: 0, before: .suspect, after: .damaged),
      Case(log: other, zeros: 8, before: .clean, after: .clean),
      Case(log: other, zeros: 8, before: .suspect, after: .suspect),
    ])
  func stateAfterTheLog(_ given: Case) {
    let zeros = [ByteRange(start: 1000 * Self.block, length: given.zeros * Self.block)].filter { !$0.isEmpty }
    var file = BlockOwnership.File(inode: 12, size: 64 << 10)
    file.paths = ["/usr/lib/lost.so"]
    file.pieces = zeros.map { .init(image: $0, offset: 8192, isHole: true) }
    let judged = FileJudgement(file: file, verdict: .explained, ranges: [])
    var integrity = Integrity(state: given.before, reason: "So far.", checked: ["holes"])
    if given.before == .unknown { integrity.isUndecided = true }
    KernelLogEvidence(
      Self.log(uuid: given.log, places: given.hasPlaces), apparentBytes: .gibibytes(3), filesystemUUID: Self.uuid,
      blockBytes: Self.block, used: { $0 }, zeros: { DoubtfulRanges.intersect($0, zeros) })?
      .apply(to: &integrity, files: [judged])
    #expect(integrity.state == given.after)
    #expect(!integrity.reason.contains(Self.uuid))
    guard given.after != given.before, given.hasPlaces else { return }
    #expect(integrity.files?.map(\.path) == ["/usr/lib/lost.so"])
    #expect(integrity.files?.first?.suspect == (given.after == .damaged ? nil : true))
    #expect(integrity.lostBytes == ByteCount(clamping: given.zeros * Self.block))
  }

  @Test("what the journal has not replayed stays unknown whatever the log says")
  func unknownStays() {
    var integrity = Integrity(state: .unknown, reason: "So far.", checked: ["holes"])
    KernelLogEvidence(
      Self.log(uuid: Self.uuid), apparentBytes: .gibibytes(3), filesystemUUID: Self.uuid, blockBytes: Self.block,
      used: { $0 }, zeros: { $0 })?
      .apply(to: &integrity, files: [])
    #expect(integrity.state == .unknown)
  }
}
