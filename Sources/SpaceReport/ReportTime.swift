/// Times of reports, counted in seconds since 1970.
public enum ReportTime {
  /// Reads RFC 3339 as reports have it: `2026-11-24T12:30:00Z`, with a fraction of a second or an offset, too.
  ///
  /// - Returns: `nil` for anything else.
  public static func seconds(_ text: String) -> Int64? {
    var rest = Array(text.utf8)[...]
    guard let year = number(&rest, digits: 4), take(&rest, "-"), let month = number(&rest, digits: 2), take(&rest, "-"),
      let day = number(&rest, digits: 2), take(&rest, "T") || take(&rest, "t") || take(&rest, " "),
      let hour = number(&rest, digits: 2), take(&rest, ":"), let minute = number(&rest, digits: 2), take(&rest, ":"),
      let second = number(&rest, digits: 2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    if take(&rest, ".") { rest = rest.drop { (0x30...0x39).contains($0) } }
    guard let offset = offset(&rest), rest.isEmpty else { return nil }
    return days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
  }

  /// `9 days`, `36 hours`, `5 minutes`: whole units, rounded down.
  public static func words(seconds: Int64) -> String {
    let (count, unit): (Int64, String) =
      seconds >= 2 * 86_400
      ? (seconds / 86_400, "day") : seconds >= 2 * 3600 ? (seconds / 3600, "hour") : (max(0, seconds) / 60, "minute")
    return CountText.of(Int(count), unit)
  }

  private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    if take(&rest, "Z") || take(&rest, "z") { return 0 }
    let sign: Int64 = take(&rest, "+") ? 1 : take(&rest, "-") ? -1 : 0
    guard sign != 0, let hours = number(&rest, digits: 2), take(&rest, ":"), let minutes = number(&rest, digits: 2)
    else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int) -> Int64? {
    let taken = rest.prefix(digits)
    guard taken.count == digits, taken.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    rest = rest.dropFirst(digits)
    return taken.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
  }

  private static func take(_ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that a leap day is their last.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let sinceMarch = (month + 9) % 12
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (sinceMarch * 153 + 2) / 5 + day - 1
    // From 0000-03-01 to 1970-01-01.
    return days - 719_468
  }
}
