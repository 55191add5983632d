import SpaceModel

/// Ages as people write them: durations of a command line, and days and weeks besides.
public enum FleetAge {
  /// `36h`, `7d`, `4w`; a number alone is seconds.
  ///
  /// - Returns: Whole seconds; `nil` for anything else, 0 and more than a hundred years included.
  public static func seconds(_ text: String) -> Int64? {
    let unit: Int64 = text.hasSuffix("w") ? 7 * 86_400 : text.hasSuffix("d") ? 86_400 : 0
    guard unit > 0 else { return DurationText.parse(text).map { max(1, $0.components.seconds) } }
    let digits = text.dropLast()
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits), count > 0,
      count <= 36_525 * 86_400 / unit
    else { return nil }
    return count * unit
  }
}
