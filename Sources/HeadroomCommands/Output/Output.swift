import Glibc
import LinuxStorage
import SpaceModel

/// Standard output and standard error.
enum Output {
  /// write(2) until all is written (a reader that is gone ends the program by SIGPIPE before that).
  ///
  /// - Throws: ``StorageError`` where it cannot all be written: a disk that is full, a descriptor that is closed.
  static func write(_ bytes: [UInt8]) throws(StorageError) {
    guard WorkerProcess.write(bytes, to: STDOUT_FILENO) else {
      throw SystemCallTable.error(operation: "write", path: "standard output", call: "write", errno: errno)
    }
  }

  /// Notes are let go where nobody can read them.
  static func toStandardError(_ text: String) { _ = WorkerProcess.write(Array(text.utf8), to: STDERR_FILENO) }

  /// `headroom: cannot …`, then cause and hint.
  static func error(_ error: StorageError) {
    toStandardError("headroom: \(error.description)\n")
  }

  static func note(_ text: String) { toStandardError("headroom: \(text)\n") }
}

/// What the terminal can show.
enum Terminal {
  static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns: of the terminal, else $COLUMNS, else 80.
  static var width: Int {
    var size = winsize()
    if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return environment("COLUMNS").flatMap(Int.init).flatMap { (20...10_000).contains($0) ? $0 : nil } ?? 80
  }

  /// Whether the locale is a UTF-8 one, by the variables setlocale(3) reads, in its order.
  static var isUTF8: Bool {
    let name = environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? ""
    let lower = name.lowercased()
    return lower.contains("utf-8") || lower.contains("utf8")
  }

  static var allowsColor: Bool { environment("NO_COLOR") == nil && environment("TERM") != "dumb" }

  /// `nil` where it is not set or empty.
  static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// The time a report is stamped with.
enum Clock {
  /// RFC 3339, UTC, whole seconds; $SOURCE_DATE_EPOCH fixes it.
  static func timestamp() -> String {
    var seconds = time(nil)
    if let fixed = Terminal.environment("SOURCE_DATE_EPOCH").flatMap(Int.init) { seconds = fixed }
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
  }
}
