import SpaceModel

/// What is thought of one file with blocks that read as zeros.
public struct FileJudgement: Sendable, Hashable {
  public enum Verdict: Sendable, Hashable {
    /// Something of it was written and is not there.
    case lost
    /// It reads as zeros throughout, or beside what is lost.
    case suspect
    /// Digging, or preallocation, explains the holes.
    case explained
  }

  public var file: BlockOwnership.File
  public var verdict: Verdict
  /// Parts of the file that are lost or may be: half-open, in bytes of the file, ascending, up to its size.
  public var ranges: [ByteRange]

  public init(file: BlockOwnership.File, verdict: Verdict, ranges: [ByteRange]) {
    self.file = file
    self.verdict = verdict
    self.ranges = ranges
  }

  /// The most ranges that a report lists of one file.
  private static let rangeLimit = 64

  /// An entry of the report for each of its names.
  public var entries: [Integrity.File] {
    file.paths.map { path in
      var entry = Integrity.File(path: path, sizeBytes: file.size.map(ByteCount.init(clamping:)))
      if verdict == .suspect { entry.suspect = true }
      if file.isAllZero, !file.isSymbolicLink { entry.allNul = true }
      if !ranges.isEmpty {
        entry.lostBytes = ByteCount(clamping: ranges.reduce(UInt64(0)) { $0.addingClamped($1.length) })
        entry.lostRanges = ranges.prefix(Self.rangeLimit).map { [Int64(clamping: $0.start), Int64(clamping: $0.end)] }
      }
      if file.hasLostAttributes { entry.differs = ["xattr"] }
      return entry
    }
  }
}

extension BlockOwnership.File {
  /// Pieces as ranges of the file, up to its size.
  func ranges(of pieces: [BlockOwnership.Piece]) -> [ByteRange] {
    let whole = ByteRange(start: 0, end: size ?? .max)
    return ByteRange.union(
      pieces.compactMap { ByteRange(start: $0.offset, length: $0.image.length).intersection(whole) })
  }
}
