import CLinuxStorage
import Glibc
import SpaceModel

/// Writes into a file from several threads: each names its offset, so they share no state.
public struct SharedFileWriter: Sendable {
  let path: FilePath
  /// Belongs to the file it is of, which closes it.
  let descriptor: Int32

  /// pwrite(2), repeated until all is written.
  public func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    guard let base = buffer.baseAddress else { return }
    var done = 0
    while done < buffer.count {
      let count = pwrite(descriptor, base + done, buffer.count - done, off_t(clamping: offset) + off_t(done))
      if count > 0 {
        done += count
      } else if count == 0 {
        throw WriteFailure.error(path, "pwrite", EIO)
      } else if errno != EINTR {
        throw WriteFailure.error(path, "pwrite", errno)
      }
    }
  }

  /// Sets off the writing of what of a range is not on the disk yet, and waits for none of it: the disk works while the
  /// rest is still read. Only a hint; ``NewFile/sync()`` tells of errors.
  public func beginWriteback(_ range: ByteRange) {
    _ = cls_begin_writeback(descriptor, Int64(clamping: range.start), Int64(clamping: range.length))
  }

  /// Has the kernel, or the server behind it, copy a range (copy_file_range(2)).
  ///
  /// - Returns: How much of it was copied, from its start; less than all where it cannot go on.
  public func copyRange(_ range: ByteRange, from source: ReadOnlyFile) throws(StorageError) -> UInt64 {
    var done: UInt64 = 0
    while done < range.length {
      let count = cls_copy_range(
        source.descriptor, descriptor, Int64(clamping: range.start + done), Int(clamping: range.length - done))
      if count == Int64(-EINTR) { continue }
      if count == 0 { break }
      if count < 0 {
        let code = Int32(clamping: -count)
        if [EXDEV, EOPNOTSUPP, ENOSYS, EINVAL, EPERM, ETXTBSY].contains(code) { break }
        throw WriteFailure.error(path, "copy_file_range", code)
      }
      done += UInt64(count)
    }
    return done
  }
}
