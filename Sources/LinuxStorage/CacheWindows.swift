import CLinuxStorage
import Glibc
import SpaceModel

/// What of a file was not in the page cache before we read it, window by window, and which windows we have read in since.
///
/// A window is asked for once, and the next one with it: reading sets off read-ahead, and what that brings in would look as
/// if it had been there.
struct CacheWindows {
  private let descriptor: Int32
  /// Where the file's pages end.
  private let pageEnd: UInt64
  private var known: [UInt64: Window] = [:]
  /// Several readers go from start to end, one behind the other. What lies ahead of one of them is another's then, and not
  /// left behind: asked anew while that reads it, its window would look as if it had been cached.
  var isScan = false
  /// More than any read-ahead; two of them may lie in the cache on our account.
  private static let size: UInt64 = 32 << 20

  private struct Window {
    /// Page-aligned. `nil`: it cannot be asked.
    var absent: [ByteRange]?
    /// Read in since its pages were last let go.
    var isTouched = false
  }

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
    var found: [ByteRange] = []
    for window in Self.indices(of: pages) {
      for wanted in window...window + 1 where known[wanted] == nil {
        known[wanted] = Window(absent: ask(wanted, page))
      }
      guard let runs = known[window]?.absent else { return .unknown }
      for run in runs {
        if let part = run.intersection(pages) { found.append(part) }
      }
    }
    return .known(found)
  }

  private static func indices(of range: ByteRange) -> ClosedRange<UInt64> {
    range.start / size...(max(range.end, range.start + 1) - 1) / size
  }

  /// Notes a read of something that was not cached.
  ///
  /// - Parameter absent: What ``residency(of:)`` said of it before.
  /// - Returns: What was absent in windows that are done with, each window's by itself.
  mutating func noteRead(of range: ByteRange, absent: [ByteRange]) -> [[ByteRange]] {
    let windows = Self.indices(of: range)
    // A reader far behind the others: its window is done with.
    let isLate = windows.contains { known[$0] == nil }
    let (first, last) = (windows.lowerBound, windows.upperBound)
    // Read-ahead reaches into the next one.
    for window in first...last + 1 { known[window]?.isTouched = true }
    let isScan = isScan
    let done = takeTouched { $0 &+ 1 < first || (!isScan && $0 > last + 1) }
    return isLate && !absent.isEmpty ? done + [absent] : done
  }

  /// - Returns: What was absent in all windows that were read in, each window's by itself.
  mutating func finish() -> [[ByteRange]] { takeTouched { _ in true } }

  private mutating func takeTouched(where isDone: (UInt64) -> Bool) -> [[ByteRange]] {
    var done: [[ByteRange]] = []
    for (window, state) in known where isDone(window) {
      if state.isTouched, let absent = state.absent, !absent.isEmpty { done.append(absent) }
      // Once its pages are gone it can be asked anew.
      known[window] = nil
    }
    return done
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
    // Where cachestat(2) does not refuse what it may not tell, mincore(2) calls every page cached.
    if answer != 0, !cls_may_ask_residency(descriptor) { return nil }
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
