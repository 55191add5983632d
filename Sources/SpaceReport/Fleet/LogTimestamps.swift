/// The times that a container's log has in front of its lines, as `kubectl logs --timestamps` and support bundles write
/// them: RFC 3339 and a space.
public enum LogTimestamps {
  /// No such time is longer: nanoseconds and an offset.
  private static let longest = 36

  /// A report's own lines begin with a brace or a blank, so nothing of one is lost.
  ///
  /// - Returns: The text without them; the same where no line begins so.
  public static func stripped(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var copied = 0
    var start = 0
    while start < bytes.count {
      if let length = length(at: start, in: bytes) {
        out += bytes[copied..<start]
        copied = start + length
      }
      start = (bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count) + 1
    }
    return copied == 0 ? bytes : out + bytes[copied...]
  }

  /// How many bytes a time takes there, with the space behind it; `nil` where there is none.
  private static func length(at start: Int, in bytes: [UInt8]) -> Int? {
    // Of most lines the first byte tells.
    guard (0x30...0x39).contains(bytes[start]) else { return nil }
    let line = bytes[start..<min(bytes.count, start + longest)]
    guard let space = line.firstIndex(of: 0x20),
      ReportTime.seconds(String(decoding: line[..<space], as: UTF8.self)) != nil
    else { return nil }
    return space + 1 - start
  }
}
