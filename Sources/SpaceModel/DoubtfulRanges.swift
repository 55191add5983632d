/// The parts of an image that read as zeros, and whether they are allocated: where a lost write may lie.
///
/// Runs are half-open byte ranges of the image, ascending and apart.
public struct DoubtfulRanges: Sendable {
  public struct Run: Hashable, Sendable {
    public var range: ByteRange
    /// Nothing is allocated there, or it is allocated and was never written. Otherwise zeros were read.
    public var isHole: Bool

    public init(range: ByteRange, isHole: Bool) {
      self.range = range
      self.isHole = isHole
    }
  }

  public let runs: [Run]

  /// - Parameters:
  ///   - holes: Holes and unwritten extents, in any order.
  ///   - zeros: Data that was read and is zero, in any order. Where a hole says so too, the hole counts.
  public init(holes: [ByteRange], zeros: [ByteRange] = []) {
    let holes = ByteRange.union(holes)
    var runs = holes.map { Run(range: $0, isHole: true) }
    runs += Self.subtract(holes, from: ByteRange.union(zeros)).map { Run(range: $0, isHole: false) }
    self.runs = runs.sorted { $0.range.start < $1.range.start }
  }

  /// What of `range` is in doubt.
  ///
  /// - Complexity: O(log *n* + runs found).
  public func runs(in range: ByteRange) -> [Run] {
    var found: [Run] = []
    var index = firstIndex(endingAfter: range.start)
    while index < runs.count, let part = runs[index].range.intersection(range) {
      found.append(Run(range: part, isHole: runs[index].isHole))
      index += 1
    }
    return found
  }

  /// Whether any of `range` is in doubt.
  ///
  /// - Complexity: O(log *n*).
  public func touches(_ range: ByteRange) -> Bool {
    let index = firstIndex(endingAfter: range.start)
    return index < runs.count && runs[index].range.start < range.end
  }

  /// Whether every byte of `range` reads as zero.
  public func covers(_ range: ByteRange) -> Bool {
    var position = range.start
    var index = firstIndex(endingAfter: position)
    while position < range.end {
      guard index < runs.count, runs[index].range.start <= position else { return false }
      position = runs[index].range.end
      index += 1
    }
    return true
  }

  /// The run of zeros that were read around the start of `range`; `nil` where none is.
  public func zeroRun(around range: ByteRange) -> ByteRange? {
    let index = firstIndex(endingAfter: range.start)
    guard index < runs.count, runs[index].range.contains(range.start), !runs[index].isHole else { return nil }
    return runs[index].range
  }

  /// Whether a hole ends where `range` starts, or the image begins there.
  public func startsBehindHole(_ range: ByteRange) -> Bool {
    guard range.start > 0 else { return true }
    let index = firstIndex(endingAfter: range.start - 1)
    return index < runs.count && runs[index].isHole && runs[index].range.end == range.start
  }

  private func firstIndex(endingAfter offset: UInt64) -> Int {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].range.end > offset { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// What of `ranges` lies in none of `taken`; both ascending and apart.
  public static func subtract(_ taken: [ByteRange], from ranges: [ByteRange]) -> [ByteRange] {
    var rest: [ByteRange] = []
    var index = 0
    for range in ranges {
      var position = range.start
      while index < taken.count, taken[index].end <= position { index += 1 }
      var at = index
      while at < taken.count, taken[at].start < range.end {
        if taken[at].start > position { rest.append(ByteRange(start: position, end: taken[at].start)) }
        position = max(position, taken[at].end)
        at += 1
      }
      if position < range.end { rest.append(ByteRange(start: position, end: range.end)) }
    }
    return rest
  }

  /// What lies in both; both ascending and apart.
  public static func intersect(_ left: [ByteRange], _ right: [ByteRange]) -> [ByteRange] {
    var both: [ByteRange] = []
    var (first, second) = (0, 0)
    while first < left.count, second < right.count {
      if let part = left[first].intersection(right[second]) { both.append(part) }
      if left[first].end < right[second].end { first += 1 } else { second += 1 }
    }
    return both
  }
}
