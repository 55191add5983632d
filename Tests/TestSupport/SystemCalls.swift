import Foundation

/// A system call of the tests themselves failed.
public struct SystemCallFailure: Error, CustomStringConvertible {
  public var description: String

  init(_ call: String, _ subject: String, code: Int32 = errno) {
    description = "\(call) of \(subject): \(String(cString: strerror(code)))"
  }
}

/// Calls that the Glibc module hides because it is built without `_GNU_SOURCE`, found in the C library by name.
public enum SystemCalls {
  static func pipe() throws -> (read: Int32, write: Int32) {
    typealias Function = @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32
    let pipe2 = unsafeBitCast(try symbol("pipe2"), to: Function.self)
    var ends: [Int32] = [-1, -1]
    // Close-on-exec from the start: another test may spawn a process at any moment.
    guard pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemCallFailure("pipe2", "a command") }
    return (ends[0], ends[1])
  }

  /// `fallocate(2)` itself. `posix_fallocate` will not do: where the filesystem cannot, it writes zeros instead.
  public static func fallocate(_ file: Int32, mode: Int32, offset: Int, length: Int, path: String) throws {
    typealias Function = @convention(c) (Int32, Int32, Int, Int) -> Int32
    let call = unsafeBitCast(try symbol("fallocate"), to: Function.self)
    while call(file, mode, offset, length) != 0 {
      guard errno == EINTR else { throw SystemCallFailure("fallocate", path) }
    }
  }

  public static let keepSize: Int32 = 1
  public static let punchHole: Int32 = 2

  private static func symbol(_ name: String) throws -> UnsafeMutableRawPointer {
    guard let address = dlsym(nil, name) else { throw SystemCallFailure("dlsym", name, code: ENOSYS) }
    return address
  }
}
