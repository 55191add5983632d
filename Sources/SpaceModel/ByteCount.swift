/// A number of bytes: a size, a length, or a balance of sizes.
///
/// Sums and differences saturate at the ends of `Int64` instead of trapping or
/// wrapping: sizes come from on-disk structures that nobody vouches for, and a
/// sum that large is not storage anyone has.
public struct ByteCount: Hashable, Sendable {
  /// The exact number of bytes; negative only for a balance such as a shortfall.
  public let bytes: Int64

  public init(_ bytes: Int64) { self.bytes = bytes }

  /// Takes any integer, saturating where it does not fit 64 signed bits.
  public init(clamping value: some BinaryInteger) { bytes = Int64(clamping: value) }

  public static let zero = ByteCount(0)

  public static func kibibytes(_ count: Int64) -> ByteCount { ByteCount(count).times(1 << 10) }
  public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count).times(1 << 20) }
  public static func gibibytes(_ count: Int64) -> ByteCount { ByteCount(count).times(1 << 30) }

  /// This many bytes, `factor` times.
  public func times(_ factor: Int64) -> ByteCount {
    let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
    guard overflow else { return ByteCount(product) }
    return ByteCount((bytes < 0) == (factor < 0) ? .max : .min)
  }

  public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
    let (sum, overflow) = left.bytes.addingReportingOverflow(right.bytes)
    guard overflow else { return ByteCount(sum) }
    return ByteCount(right.bytes > 0 ? .max : .min)
  }

  public static func - (left: ByteCount, right: ByteCount) -> ByteCount {
    let (difference, overflow) = left.bytes.subtractingReportingOverflow(right.bytes)
    guard overflow else { return ByteCount(difference) }
    return ByteCount(right.bytes < 0 ? .max : .min)
  }

  public static func += (left: inout ByteCount, right: ByteCount) { left = left + right }
}

extension ByteCount: Comparable {
  public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

/// In JSON a byte count is a plain integer; the key carries the unit.
extension ByteCount: Codable {
  public init(from decoder: any Decoder) throws {
    bytes = try decoder.singleValueContainer().decode(Int64.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes)
  }
}

extension ByteCount: CustomStringConvertible {
  /// For people: binary units with three significant digits, `1.39 GiB`, `795 MiB`, `0 B`.
  public var description: String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    var value = Double(bytes.magnitude)
    // From here on it would be rounded to 1024.
    while value >= 1023.5, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    let sign = bytes < 0 ? "-" : ""
    if unit == 0 { return "\(sign)\(bytes.magnitude) B" }
    // Three significant digits, rounded, without a formatter (none without Foundation).
    let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
    let scale = decimals == 2 ? 100.0 : decimals == 1 ? 10.0 : 1.0
    let scaled = Int64((value * scale).rounded())
    let whole = scaled / Int64(scale)
    var text = "\(sign)\(whole)"
    if decimals > 0 {
      let fraction = String(scaled % Int64(scale))
      text += "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
    return text + " " + units[unit]
  }
}
