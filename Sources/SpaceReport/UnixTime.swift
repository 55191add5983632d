/// The seconds since 1970 of a time as reports have it.
enum UnixTime {
  /// - Parameter text: RFC 3339, UTC, whole seconds: `2026-02-03T04:05:06Z`.
  /// - Returns: `nil` for anything else.
  static func seconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    let form = Array("dddd-dd-ddTdd:dd:ddZ".utf8)
    guard bytes.count == form.count,
      zip(bytes, form).allSatisfy({ $1 == UInt8(ascii: "d") ? (0x30...0x39).contains($0) : $0 == $1 })
    else { return nil }
    func number(_ start: Int, _ length: Int) -> Int64 {
      bytes[start..<start + length].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
    let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
    let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2))
    guard year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else {
      return nil
    }
    // Years that begin in March have their leap day last, and months of 30.6 days on average before it.
    let marchYear = month > 2 ? year : year - 1
    let days = marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    // From 1 March of year 0 to 1 January 1970.
    return (days + dayOfYear - 719_468) * 86_400 + hour * 3600 + minute * 60 + second
  }
}
