import CSquashfs
import Glibc
import LinuxStorage
import SpaceModel

/// Lets libsquashfs read from a ``ByteSource``: a file, or the part of an ISO or disk image that holds a squashfs.
///
/// libsquashfs' own file object would open a path again and change its access time. This one reads; every call that would
/// write fails.
final class SquashfsSource {
  /// What libsquashfs is given. Valid as long as this object is.
  let file: UnsafeMutablePointer<sqfs_file_t>
  private let memory: UnsafeMutableRawPointer
  private let context: Unmanaged<Context>

  /// What the callbacks need; its address lies behind the C struct.
  private final class Context {
    let source: any ByteSource
    /// The last read error, which libsquashfs would reduce to a number.
    var lastError: StorageError?
    init(_ source: any ByteSource) { self.source = source }
  }

  private static let contextOffset = MemoryLayout<sqfs_file_t>.stride

  init(_ source: any ByteSource) {
    context = Unmanaged.passRetained(Context(source))
    memory = UnsafeMutableRawPointer.allocate(
      byteCount: Self.contextOffset + MemoryLayout<UInt>.size, alignment: MemoryLayout<sqfs_file_t>.alignment)
    file = memory.initializeMemory(as: sqfs_file_t.self, repeating: sqfs_file_t(), count: 1)
    memory.storeBytes(of: UInt(bitPattern: context.toOpaque()), toByteOffset: Self.contextOffset, as: UInt.self)
    // Never destroyed by libsquashfs: its readers borrow the file.
    file.pointee.base.destroy = { _ in }
    file.pointee.base.copy = { _ in nil }
    file.pointee.read_at = { file, offset, buffer, size in SquashfsSource.read(file, offset, buffer, size) }
    file.pointee.write_at = { _, _, _, _ in SQFS_ERROR_IO.rawValue }
    file.pointee.truncate = { _, _ in SQFS_ERROR_IO.rawValue }
    file.pointee.get_size = { file in SquashfsSource.context(of: file)?.source.size ?? 0 }
  }

  deinit {
    memory.deallocate()
    context.release()
  }

  /// The read error behind the last failure. Asked once: a later failure without one must not be taken for it.
  func takeLastError() -> StorageError? {
    let context = context.takeUnretainedValue()
    defer { context.lastError = nil }
    return context.lastError
  }

  private static func context(of file: UnsafePointer<sqfs_file_t>?) -> Context? {
    guard let file else { return nil }
    let address = UnsafeRawPointer(file).load(fromByteOffset: contextOffset, as: UInt.self)
    return UnsafeRawPointer(bitPattern: address).map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func read(
    _ file: UnsafeMutablePointer<sqfs_file_t>?, _ offset: UInt64, _ buffer: UnsafeMutableRawPointer?, _ size: Int
  ) -> Int32 {
    guard let context = context(of: file) else { return SQFS_ERROR_INTERNAL.rawValue }
    guard size > 0, let buffer else { return size == 0 ? 0 : SQFS_ERROR_INTERNAL.rawValue }
    do throws(StorageError) {
      let got = try context.source.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size), at: offset)
      guard got == size else {
        memset(buffer + got, 0, size - got)
        return SQFS_ERROR_OUT_OF_BOUNDS.rawValue
      }
      return 0
    } catch {
      context.lastError = error
      return SQFS_ERROR_IO.rawValue
    }
  }
}
