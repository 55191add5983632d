import CLinuxStorage
import Glibc
import SpaceModel

/// What of a file was not in the page cache before we read it, window by window.
///
/// It is asked once for each window, and for the next one with it: reading sets off read-ahead where somebody's earlier
/// reads left a mark for it, and what that brings in would look as if it had been there.
struct CacheWindows {
  private let descriptor: Int32
  /// Where the file's pages end.
  private let pageEnd: UInt64
  private var known: [UInt64: [ByteRange]?] = [:]
  private static let size: UInt64 = 64 << 20

  init(descriptor: Int32, size: UInt64) {
    self.descriptor = descriptor
    pageEnd = ByteRange(start: 0, end: size).expanded(toMultipleOf: UInt64(sysconf(Int32(_SC_PAGESIZE)))).end
  }

  enum Residency {
    /// The page-aligned parts that were not cached.
    case known([ByteRange])
    /// The kernel answers only for files the caller owns or may write.
    case unknown
  }

  mutating func residency(of range: ByteRange) -> Residency {
    let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    let pages = range.expanded(toMultipleOf: page)
    let first = pages.start / Self.size
    let last = (max(pages.end, 1) - 1) / Self.size
    var found: [ByteRange] = []
    for window in first...last {
      for wanted in window...window + 1 where known[wanted] == nil {
        known.updateValue(ask(wanted, page), forKey: wanted)
      }
      guard let runs = known[window] ?? nil else { return .unknown }
      for run in runs {
        if let part = run.intersection(pages) { found.append(part) }
      }
    }
    // Workers are never further apart than that.
    if known.count > 64 { known = known.filter { $0.key + 8 >= first } }
    return .known(found)
  }

  /// `nil`: it cannot be asked.
  private func ask(_ window: UInt64, _ page: UInt64) -> [ByteRange]? {
    guard
      let range = ByteRange(start: window * Self.size, length: Self.size)
        .intersection(ByteRange(start: 0, end: pageEnd))
    else { return [] }
    var state = cls_cache_state()
    let answer = cls_cache_state(descriptor, range.start, range.length, &state)
    if answer == -EPERM || answer == -EACCES { return nil }
    if answer == 0 {
      if state.cached == 0 { return [range] }
      if state.cached >= range.length / page { return [] }
    }
    var residency = [UInt8](repeating: 1, count: Int(range.length / page))
    guard cls_mincore(descriptor, range.start, Int(range.length), &residency) == 0 else { return nil }
    var runs: [ByteRange] = []
    for (index, byte) in residency.enumerated() where byte & 1 == 0 {
      let start = range.start + UInt64(index) * page
      if let last = runs.last, last.end == start {
        runs[runs.count - 1].end = start + page
      } else {
        runs.append(ByteRange(start: start, length: page))
      }
    }
    return runs
  }
}
