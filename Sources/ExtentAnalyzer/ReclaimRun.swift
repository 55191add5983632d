import LinuxStorage
import SpaceModel

/// Punches what a plan says, reading each piece again right before.
///
/// All reading and punching goes through the one descriptor that was handed over, so that a lease on it stands.
public struct ReclaimRun: Sendable {
  /// How it ended.
  public enum End: Hashable, Sendable {
    case finished
    /// It was asked to stop.
    case stopped
    /// Somebody opens the file.
    case leaseBroken
  }

  public private(set) var punchedBytes: UInt64 = 0
  public private(set) var punchCount = 0
  /// Units that were zero when the plan was made and are no more; they were left alone.
  public private(set) var changedBytes: UInt64 = 0

  private let file: WritableFile
  private let unit: UInt64
  private let hasLease: Bool
  private let readsTwice: Bool
  private let isStopped: @Sendable () -> Bool

  /// A power of two. Reading this much takes a fraction of a second on any disk that works, so that whoever opens the
  /// file does not wait long.
  private var pieceBytes: UInt64 { max(4 << 20, unit) }

  /// - Parameters:
  ///   - hasLease: A write lease is held on the file; it is asked for before each punch.
  ///   - readsTwice: Read each piece a second time, from the disk.
  ///   - isStopped: Asked before each piece.
  public init(
    _ file: WritableFile, unit: AllocationUnit, hasLease: Bool, readsTwice: Bool,
    isStopped: @escaping @Sendable () -> Bool = { false }
  ) {
    self.file = file
    self.unit = unit.bytes
    self.hasLease = hasLease
    self.readsTwice = readsTwice
    self.isStopped = isStopped
  }

  /// - Parameter onProgress: Called with the bytes that were dealt with.
  /// - Throws: ``StorageError`` of the first read or punch that fails; what was punched until then stays.
  public mutating func punch(
    _ ranges: [ByteRange], size: UInt64, onProgress: (UInt64) -> Void = { _ in }
  ) throws(StorageError) -> End {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(pieceBytes), alignment: 4096)
    defer { buffer.deallocate() }
    for range in ranges {
      var start = range.start
      while start < range.end {
        if isStopped() { return .stopped }
        let piece = ByteRange(start: start, end: min(range.end, start.addingClamped(pieceBytes)))
        var runs = try zeroRuns(in: piece, size: size, buffer)
        if readsTwice {
          file.dropCache(piece)
          runs = Self.common(runs, try zeroRuns(in: piece, size: size, buffer))
        }
        for run in runs {
          // Whoever opens the file now waits for us: this is the last moment to let it be.
          if hasLease, !FileLease.isHeld(on: file) { return .leaseBroken }
          try file.punch(run)
          punchedBytes += run.length
          punchCount += 1
        }
        changedBytes += piece.length - runs.reduce(0) { $0 + $1.length }
        onProgress(piece.length)
        start = piece.end
      }
    }
    return .finished
  }

  /// Runs of whole units that read as zeros now; a last one counts by its bytes up to the file's end.
  private func zeroRuns(
    in piece: ByteRange, size: UInt64, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(StorageError) -> [ByteRange] {
    if let runs = file.zeros(in: piece, unit: unit, size: size) { return runs }
    let want = Int(min(piece.end, max(size, piece.start)) - piece.start)
    let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<want]), at: piece.start)
    guard got == want else { throw .changedWhileReclaiming(file.path) }
    return ZeroTest.zeroUnits(
      of: piece, in: UnsafeRawBufferPointer(rebasing: buffer[..<got]), from: piece.start, unit: unit)
  }

  private static func common(_ first: [ByteRange], _ second: [ByteRange]) -> [ByteRange] {
    if first == second { return first }
    return first.flatMap { run in second.compactMap(run.intersection) }
  }
}
