import CExt2fs
import Glibc
import LinuxStorage
import SpaceModel

/// Lets libext2fs read from a ``ByteSource``: a partition inside a disk image, a file inside another filesystem.
///
/// libext2fs' own unix manager would open the path again, change its access time and know nothing of nesting. This
/// one reads, and every call that would write answers EROFS.
final class SourceChannel {
  /// Kept alive as long as libext2fs may call it.
  let manager: io_manager
  private let context: Unmanaged<Context>

  /// What a channel's callbacks need, reached through `private_data`.
  fileprivate final class Context {
    let source: any ByteSource
    let manager: io_manager
    /// The last read error, which libext2fs would reduce to a number.
    var lastError: StorageError?
    init(_ source: any ByteSource, _ manager: io_manager) {
      self.source = source
      self.manager = manager
    }
  }

  init(_ source: any ByteSource) {
    manager = UnsafeMutablePointer<struct_io_manager>.allocate(capacity: 1)
    context = Unmanaged.passRetained(Context(source, manager))
    var table = struct_io_manager()
    table.magic = errcode_t(EXT2_ET_MAGIC_IO_MANAGER)
    table.open = { name, flags, channel in SourceChannel.open(name, flags, channel) }
    table.close = { channel in SourceChannel.close(channel) }
    table.set_blksize = { channel, size in
      guard let channel, size > 0 else { return errcode_t(EXT2_ET_INVALID_ARGUMENT) }
      channel.pointee.block_size = size
      return 0
    }
    table.read_blk = { channel, block, count, data in
      SourceChannel.read(channel, UInt64(block), count, data)
    }
    table.read_blk64 = { channel, block, count, data in
      SourceChannel.read(channel, UInt64(block), count, data)
    }
    table.write_blk = { _, _, _, _ in errcode_t(EROFS) }
    table.write_blk64 = { _, _, _, _ in errcode_t(EROFS) }
    table.write_byte = { _, _, _, _ in errcode_t(EROFS) }
    table.discard = { _, _, _ in errcode_t(EROFS) }
    table.zeroout = { _, _, _ in errcode_t(EROFS) }
    table.flush = { _ in 0 }
    table.set_option = { _, _, _ in errcode_t(EXT2_ET_INVALID_ARGUMENT) }
    manager.initialize(to: table)
  }

  deinit {
    manager.deallocate()
    context.release()
  }

  /// The name that ``manager`` opens: the context's address, because `open` is handed nothing else.
  var name: String { String(UInt(bitPattern: context.toOpaque()), radix: 16) }

  /// The read error behind the last failure. Asked once: a later failure without one must not be taken for it.
  func takeLastError() -> StorageError? {
    let context = context.takeUnretainedValue()
    defer { context.lastError = nil }
    return context.lastError
  }

  private static func open(
    _ name: UnsafePointer<CChar>?, _ flags: Int32, _ result: UnsafeMutablePointer<io_channel?>?
  ) -> errcode_t {
    guard let name, let result, let address = UInt(String(cString: name), radix: 16),
      let context = UnsafeMutableRawPointer(bitPattern: address)
    else { return errcode_t(EXT2_ET_BAD_DEVICE_NAME) }
    if flags & IO_FLAG_RW != 0 { return errcode_t(EROFS) }
    // libext2fs frees neither the channel nor its name; our close does. calloc, as the struct must start zeroed.
    guard let raw = calloc(1, MemoryLayout<struct_io_channel>.size) else { return errcode_t(EXT2_ET_NO_MEMORY) }
    let channel = raw.bindMemory(to: struct_io_channel.self, capacity: 1)
    channel.pointee.magic = errcode_t(EXT2_ET_MAGIC_IO_CHANNEL)
    channel.pointee.manager = Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().manager
    channel.pointee.name = strdup(name)
    channel.pointee.block_size = 1024
    channel.pointee.refcount = 1
    channel.pointee.private_data = context
    result.pointee = channel
    return 0
  }

  private static func close(_ channel: io_channel?) -> errcode_t {
    guard let channel else { return errcode_t(EXT2_ET_MAGIC_IO_CHANNEL) }
    channel.pointee.refcount -= 1
    if channel.pointee.refcount <= 0 {
      free(channel.pointee.name)
      free(channel)
    }
    return 0
  }

  /// - Parameter count: Blocks, or bytes where negative.
  private static func read(
    _ channel: io_channel?, _ block: UInt64, _ count: Int32, _ data: UnsafeMutableRawPointer?
  ) -> errcode_t {
    guard let channel, let data, let raw = channel.pointee.private_data else {
      return errcode_t(EXT2_ET_MAGIC_IO_CHANNEL)
    }
    let context = Unmanaged<Context>.fromOpaque(raw).takeUnretainedValue()
    let blockSize = UInt64(channel.pointee.block_size)
    let (offset, overflow) = block.multipliedReportingOverflow(by: blockSize)
    let (bytes, tooMany) =
      count < 0
      ? (UInt64(count.magnitude), false) : UInt64(count).multipliedReportingOverflow(by: blockSize)
    guard !overflow, !tooMany, bytes <= 1 << 30 else { return errcode_t(EXT2_ET_SHORT_READ) }
    let buffer = UnsafeMutableRawBufferPointer(start: data, count: Int(bytes))
    do throws(StorageError) {
      let got = try context.source.read(into: buffer, at: offset)
      guard got == buffer.count else {
        // Never leave what was in memory before: an on-disk structure may be read from it.
        memset(data + got, 0, buffer.count - got)
        return errcode_t(EXT2_ET_SHORT_READ)
      }
      return 0
    } catch {
      context.lastError = error
      return errcode_t(error.cause?.errno ?? EIO)
    }
  }
}
