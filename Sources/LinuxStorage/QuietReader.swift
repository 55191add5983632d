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

  public init(_ file: ReadOnlyFile) { self.file = file }

  /// Like ``ReadOnlyFile/read(into:at:)``.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard !buffer.isEmpty else { return 0 }
    if let got = readDontCache(into: buffer, at: offset) { return got }
    let absent = pagesNotCached(at: offset, count: buffer.count)
    let got = try file.read(into: buffer, at: offset)
    // Only what we brought in goes again; what was there is somebody's working set.
    for range in absent {
      posix_fadvise(file.descriptor, off_t(range.start), off_t(range.length), POSIX_FADV_DONTNEED)
    }
    return got
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

  /// Page-aligned runs of the range that are not in the page cache. Empty also where that cannot be asked: the
  /// kernel answers mincore(2) only for files the caller owns or may write.
  private func pagesNotCached(at offset: UInt64, count: Int) -> [ByteRange] {
    let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    let window = ByteRange(start: offset, length: UInt64(count)).expanded(toMultipleOf: page)
    var residency = [UInt8](repeating: 1, count: Int(window.length / page))
    guard cls_mincore(file.descriptor, window.start, Int(window.length), &residency) == 0 else { return [] }
    var runs: [ByteRange] = []
    for (index, byte) in residency.enumerated() where byte & 1 == 0 {
      let start = window.start + UInt64(index) * page
      if let last = runs.last, last.end == start {
        runs[runs.count - 1].end = start + page
      } else {
        runs.append(ByteRange(start: start, length: page))
      }
    }
    return runs
  }
}
