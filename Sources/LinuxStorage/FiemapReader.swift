import CLinuxStorage
import Glibc
import SpaceModel

/// Asks the kernel for a file's extents with FS_IOC_FIEMAP (the kernel's Documentation/filesystems/fiemap.rst), from its
/// start to its end.
///
/// A file in very many extents is asked about in several places at once, see ``FiemapWindows``: all the time goes into the
/// kernel's own walk.
struct FiemapReader {
  private let file: ReadOnlyFile
  private let size: UInt64
  private var windows: FiemapWindows?
  /// Where to ask next: all before it was handed on.
  private var next: UInt64 = 0
  /// Full batches in a row, and where the first of them began.
  private var full = (batches: 0, start: UInt64(0))

  /// Rounds of windows so far.
  var roundCount: Int { windows?.roundCount ?? 0 }

  /// Extents a call: from 128 on it takes no longer for each of them.
  static var batch: Int { Int(cls_FIEMAP_BATCH) }
  /// So many full batches make a thread worth starting.
  private static let worthDividing = 8
  /// Bytes that any window is worth a call for, and a multiple of which each is: edges then fall between blocks.
  private static let windowGrain: UInt64 = 1 << 20

  /// - Parameters:
  ///   - size: `st_size`; extents may lie behind it.
  ///   - mayDivide: The filesystem answers about a part as about the whole: extents at its edges come whole, or can be
  ///     joined again. btrfs cuts compressed ones so that they cannot.
  init(_ file: ReadOnlyFile, size: UInt64, mayDivide: Bool) {
    self.file = file
    self.size = size
    windows = mayDivide ? FiemapWindows(descriptor: file.descriptor) : nil
  }

  /// - Parameters:
  ///   - besideInlineData: Called where the first extent is inline data: what else there is, or `nil`.
  ///   - take: Gets the extents, which ascend and do not overlap; false ends it.
  /// - Returns: False where the filesystem has no FIEMAP (tmpfs, FUSE, NFS, squashfs).
  mutating func pass(
    besideInlineData: () -> [ByteRange]?, to take: (Extent) -> Bool
  ) throws(StorageError) -> Bool {
    let outcome = withUnsafeTemporaryAllocation(of: cls_extent.self, capacity: Self.batch) { batch in
      do throws(StorageError) {
        return Result<Bool, StorageError>.success(try pass(batch, besideInlineData, take))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private mutating func pass(
    _ batch: UnsafeMutableBufferPointer<cls_extent>, _ besideInlineData: () -> [ByteRange]?,
    _ take: (Extent) -> Bool
  ) throws(StorageError) -> Bool {
    while true {
      let count = cls_fiemap(file.descriptor, next, .max, batch.baseAddress, UInt32(batch.count))
      guard count >= 0 else {
        // EINVAL and EBADR: old kernels' ways of saying that they know no such request.
        if next == 0, [EOPNOTSUPP, ENOTTY, EINVAL, EBADR, ENOSYS].contains(-count) { return false }
        throw failure(-count)
      }
      guard count > 0 else { return true }
      if batch[0].flags & cls_FIEMAP_INLINE != 0, let runs = besideInlineData() {
        _ = runs.allSatisfy {
          take(Extent(start: $0.start, length: $0.length, physical: nil, flags: [.inline, .delayed]))
        }
        return true
      }
      let start = next
      guard handOn(UnsafeBufferPointer(rebasing: batch[..<Int(count)]), take) else { return true }
      if batch[Int(count) - 1].flags & cls_FIEMAP_LAST != 0 { return true }
      // Nothing of the batch was new: nothing will be.
      if next == start { return true }
      if try !divide(from: start, isFull: count == batch.count, take) { return true }
    }
  }

  /// - Returns: False: enough.
  private mutating func handOn(_ extents: UnsafeBufferPointer<cls_extent>, _ take: (Extent) -> Bool) -> Bool {
    for raw in extents {
      let (end, overflow) = raw.logical.addingReportingOverflow(raw.length)
      guard !overflow, end > next else { continue }
      // A file that changes meanwhile can give an extent again that reaches back: only its new part counts.
      let skipped = next > raw.logical ? next - raw.logical : 0
      let unplaced = raw.flags & (cls_FIEMAP_UNKNOWN | cls_FIEMAP_INLINE | cls_FIEMAP_TAIL) != 0
      let extent = Extent(
        start: raw.logical + skipped, length: raw.length - skipped,
        physical: unplaced ? nil : raw.physical &+ skipped, flags: Extent.Flags(fiemap: raw.flags))
      guard take(extent) else { return false }
      next = end
    }
    return true
  }

  /// Goes on in windows once the file has shown that it is in many extents, up to its size or to where they do not fit.
  ///
  /// - Returns: False: enough.
  private mutating func divide(from start: UInt64, isFull: Bool, _ take: (Extent) -> Bool) throws(StorageError) -> Bool
  {
    if !isFull || full.batches == 0 { full = (0, start) }
    full.batches += isFull ? 1 : 0
    guard full.batches >= Self.worthDividing, var windows else { return true }
    defer { self.windows = windows }
    // As many bytes as half a window's extents take where they are as dense.
    let expected = (next - full.start) / UInt64(Self.worthDividing * Self.batch) * UInt64(FiemapWindows.capacity / 2)
    var length = expected / Self.windowGrain * Self.windowGrain + Self.windowGrain
    full.batches = 0
    while next < size {
      var most = 0
      for window in windows.ask(from: next, length: length, before: size) {
        guard window.error == 0 else { throw failure(window.error) }
        guard window.extents.withUnsafeBufferPointer({ handOn($0, take) }) else { return false }
        // The rest of it is asked for in the usual way.
        guard window.isWhole else { return true }
        next = max(next, window.range.end)
        most = max(most, window.extents.count)
      }
      if most < FiemapWindows.capacity / 4 { length = length.multipliedClamped(by: 2) }
    }
    return true
  }

  private func failure(_ errno: Int32) -> StorageError {
    SystemCallTable.error(
      operation: "read extents of", path: file.path, call: "ioctl(FS_IOC_FIEMAP)", errno: errno)
  }
}
