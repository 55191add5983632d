import CLinuxStorage
import Glibc
import SpaceModel
import Synchronization

/// Reads a file and leaves the page cache as it was: what was not cached is not afterwards, what was stays.
///
/// A scan of gigabytes on a live node would otherwise push its working set out.
public final class QuietReader: Sendable {
  private let file: ReadOnlyFile
  /// RWF_DONTCACHE turned out not to be known here (it needs Linux 6.14, and not every filesystem has it).
  private let plainReadsOnly = Atomic<Bool>(false)
  private let windows: Mutex<CacheWindows>

  public init(_ file: ReadOnlyFile) {
    self.file = file
    windows = Mutex(CacheWindows(descriptor: file.descriptor))
    // Read-ahead would bring in what lies behind each read.
    posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_RANDOM)
  }

  /// Like ``ReadOnlyFile/read(into:at:)``.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard !buffer.isEmpty else { return 0 }
    let range = ByteRange(start: offset, length: UInt64(buffer.count))
    let absent: [ByteRange]
    switch windows.withLock({ $0.residency(of: range) }) {
    case .known(let runs):
      if runs.isEmpty { return try file.read(into: buffer, at: offset) }
      absent = runs
    case .unknown:
      absent = []
    }
    let got: Int
    if let uncached = readDontCache(into: buffer, at: offset) {
      got = uncached
    } else {
      got = try file.read(into: buffer, at: offset)
    }
    // Only what we brought in goes again; what was there is somebody's working set. RWF_DONTCACHE leaves some behind.
    for range in absent where mayDrop(range) {
      posix_fadvise(file.descriptor, off_t(range.start), off_t(range.length), POSIX_FADV_DONTNEED)
    }
    return got
  }

  /// POSIX_FADV_DONTNEED begins to write dirty pages back, and mincore(2) calls a dirty page absent of which only a part
  /// was ever filled (blocks smaller than a page). So a range with anything dirty in it is left alone.
  private func mayDrop(_ range: ByteRange) -> Bool {
    var state = cls_cache_state()
    if cls_cache_state(file.descriptor, range.start, range.length, &state) == 0 { return state.dirty == 0 }
    // Before 6.5 nobody tells; what was written a while ago has been written back.
    guard let modified = try? file.status().modified.seconds else { return false }
    return modified + 120 < Int64(time(nil))
  }

  /// `nil`: this kernel or filesystem cannot, or a read error that the plain path will report.
  private func readDontCache(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int? {
    guard !plainReadsOnly.load(ordering: .relaxed), let base = buffer.baseAddress else { return nil }
    var done = 0
    while done < buffer.count {
      let got = cls_pread_dontcache(
        file.descriptor, base + done, buffer.count - done, Int64(clamping: offset) + Int64(done))
      if got == 0 { break }
      if got == Int64(-EINTR) { continue }
      if got < 0 {
        if [EOPNOTSUPP, EINVAL, ENOSYS].contains(Int32(clamping: -got)) {
          plainReadsOnly.store(true, ordering: .relaxed)
        }
        return nil
      }
      done += Int(got)
    }
    return done
  }
}

/// What of a file was not in the page cache before we read it, window by window.
///
/// It is asked once for each window, and for the next one with it: reading sets off read-ahead where somebody's earlier
/// reads left a mark for it, and what that brings in would look as if it had been there.
struct CacheWindows {
  private let descriptor: Int32
  private var known: [UInt64: [ByteRange]?] = [:]
  private static let size: UInt64 = 64 << 20

  init(descriptor: Int32) { self.descriptor = descriptor }

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
    let range = ByteRange(start: window * Self.size, length: Self.size)
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
