import Glibc
import SpaceModel

/// The running kernel's log, from /dev/kmsg: what it still holds, without waiting for more and without taking it from
/// anybody.
public enum KernelLogDevice {
  public static let path: FilePath = "/dev/kmsg"
  /// CONSOLE_EXT_LOG_MAX; a smaller buffer gets EINVAL.
  private static let longestRecord = 8192
  /// More than the largest log buffer holds (2^25 bytes of records).
  private static let mostRecords = 4_000_000

  /// Calls `visit` with each message, as `dmesg` prints it: `[   12.345678] loop0: …`.
  ///
  /// - Throws: ``StorageError`` `.permissionDenied` without CAP_SYSLOG where `kernel.dmesg_restrict` is set, or where a
  ///   container does not let it be opened; `.notFound` where there is none.
  public static func forEachLine(_ visit: ([UInt8]) -> Void) throws(StorageError) {
    let descriptor = withCPath(path) { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else { throw failure("open", errno) }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: longestRecord)
    for _ in 0..<mostRecords {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 {
        if let line = line(ofRecord: buffer[..<count]) { visit(line) }
      } else if count == 0 || errno == EAGAIN {
        return
      } else if errno != EPIPE, errno != EINTR, errno != EINVAL {
        // EPIPE: records were overwritten before they were read; the next read goes on with the oldest.
        throw failure("read", errno)
      }
    }
  }

  private static func failure(_ call: String, _ code: Int32) -> StorageError {
    SystemCallTable.error(operation: "read the kernel's log from", path: path, call: call, errno: code)
  }

  /// `6,1234,12345678,-;message`, then lines of key and value (Documentation/ABI/testing/dev-kmsg).
  static func line(ofRecord record: ArraySlice<UInt8>) -> [UInt8]? {
    guard let end = record.firstIndex(of: UInt8(ascii: ";")) else { return nil }
    let fields = record[..<end].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard fields.count >= 3, let microseconds = UInt64(String(decoding: fields[2], as: UTF8.self)) else { return nil }
    let fraction = String(microseconds % 1_000_000)
    let time = "[\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction + "] "
    return Array(time.utf8) + record[(end + 1)...].prefix { $0 != UInt8(ascii: "\n") }
  }
}
