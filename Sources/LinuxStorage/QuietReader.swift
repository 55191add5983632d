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
  /// Below so much data in a row a mapping costs more than a copy: the kernel then has small pages to map one by one.
  private static let worthMapping: UInt64 = 1 << 20

  /// - Parameter size: Where the file ends.
  public init(_ file: ReadOnlyFile, size: UInt64) {
    self.file = file
    windows = Mutex(CacheWindows(descriptor: file.descriptor, size: size))
    // Of a structure that is looked up here and there, nothing behind a read is wanted.
    posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_RANDOM)
  }

  deinit { letGo(windows.withLock { $0.finish() }) }

  /// From now on it is read from start to end: the kernel may read ahead, which keeps a disk busy as many reads at once do.
  func expectScan() {
    posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_NORMAL)
    windows.withLock { $0.isScan = true }
  }

  /// From now on it is read block by block, after an error: what was read ahead lies in the cache in large folios, and of a
  /// folio with one bad block no byte can be had.
  func expectErrors(in range: ByteRange) {
    posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_RANDOM)
    if mayDrop(range) { drop(range) }
  }

  /// Whether a range lies in the page cache whole.
  func isCached(_ range: ByteRange) -> Bool {
    guard case .known(let absent) = windows.withLock({ $0.residency(of: range) }) else { return false }
    return absent.isEmpty
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
    defer { letGo(windows.withLock { $0.noteRead(of: range, absent: absent) }) }
    if let got = readDontCache(into: buffer, at: offset) { return got }
    return try file.read(into: buffer, at: offset)
  }

  /// Takes out of the cache again what we brought in; what was there is somebody's working set.
  ///
  /// RWF_DONTCACHE leaves some behind. A window at a time, not read by read: dropping pages that were just read makes the
  /// kernel wait for all processors.
  private func letGo(_ windows: [[ByteRange]]) {
    for absent in windows {
      guard let first = absent.first, let last = absent.last else { continue }
      let isClean = absent.count > 1 && mayDrop(ByteRange(start: first.start, end: last.end))
      for range in absent {
        if isClean || mayDrop(range) {
          drop(range)
          continue
        }
        // One dirty page must not keep all the others.
        for start in stride(from: range.start, to: range.end, by: 1 << 20) {
          let part = ByteRange(start: start, end: min(range.end, start + 1 << 20))
          if mayDrop(part) { drop(part) }
        }
      }
    }
  }

  /// What was cached when the scan came by may be gone: mapping it would bring it back for good.
  private func isStillCached(_ range: ByteRange) -> Bool {
    var state = cls_cache_state()
    guard cls_cache_state(file.descriptor, range.start, range.length, &state) == 0 else { return true }
    return state.cached >= range.length / UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }

  private func drop(_ range: ByteRange) {
    posix_fadvise(file.descriptor, off_t(range.start), off_t(range.length), POSIX_FADV_DONTNEED)
  }

  /// As ``ImageSource/zerosInPlace(of:unit:size:access:)`` says it.
  ///
  /// A file that others write to may be mapped too: what is found then is what reading at that moment would have found,
  /// and of one that was cut meanwhile nothing is found here.
  func zerosInPlace(
    of spans: ArraySlice<ByteRange>, unit: UInt64, size: UInt64, evenIfAbsent: Bool
  ) -> [ByteRange]? {
    guard let first = spans.first, let last = spans.last else { return [] }
    let end = min(last.end, size)
    guard first.start < end else { return nil }
    if !evenIfAbsent {
      let range = ByteRange(start: first.start, end: end)
      guard spans.reduce(0, { $0 + $1.length }) / UInt64(spans.count) >= Self.worthMapping,
        isCached(range), isStillCached(range)
      else { return nil }
    }
    return ZeroWindow.zeros(of: spans, unit: unit, size: size, descriptor: file.descriptor)
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
