/// Durations as people write them on a command line.
public enum DurationText {
  /// `30s`, `2m`, `1h`, `500ms`; a number alone is seconds.
  ///
  /// - Returns: `nil` for anything else, 0 and more than a year included.
  public static func parse(_ text: String) -> Duration? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard !digits.isEmpty, digits.first != ".", digits.last != ".", let value = Double(digits) else { return nil }
    let factor: Double
    switch text[digits.endIndex...] {
    case "ms": factor = 0.001
    case "", "s": factor = 1
    case "m", "min": factor = 60
    case "h": factor = 3600
    default: return nil
    }
    let seconds = value * factor
    guard seconds >= 0.001, seconds <= 366 * 86_400 else { return nil }
    return .milliseconds(Int64((seconds * 1000).rounded()))
  }
}
