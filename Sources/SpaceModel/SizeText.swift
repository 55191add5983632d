/// Sizes as people write them on a command line.
public enum SizeText {
  /// `6GiB`, `500M`, `1.5T`, `4096`: K, M, G, T, P and E are powers of 1024, alone or with `iB`; with `B` powers of 1000.
  ///
  /// - Returns: `nil` for anything else: a sign, an unknown unit, a size beyond 64 bits.
  public static func parse(_ text: String) -> ByteCount? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard !digits.isEmpty, digits.first != ".", digits.last != ".", digits.filter({ $0 == "." }).count <= 1 else {
      return nil
    }
    guard let factor = factor(text[digits.endIndex...]) else { return nil }
    if let whole = Int64(digits) {
      let (bytes, overflow) = whole.multipliedReportingOverflow(by: factor)
      return overflow ? nil : ByteCount(bytes)
    }
    guard let value = Double(digits), factor > 1, value * Double(factor) < 0x1p63 else { return nil }
    return ByteCount(Int64((value * Double(factor)).rounded()))
  }

  private static func factor(_ unit: Substring) -> Int64? {
    if unit.isEmpty || unit == "B" { return 1 }
    guard let letter = unit.first, let power = Array("KMGTPEkmgtpe").firstIndex(of: letter) else { return nil }
    let exponent = power % 6 + 1
    let base: Int64
    switch unit.dropFirst() {
    case "", "iB", "ib": base = 1024
    case "B", "b": base = 1000
    default: return nil
    }
    return (0..<exponent).reduce(1) { product, _ in product * base }
  }
}

/// A threshold: so many bytes, or a part of what they lie on.
public enum SizeThreshold: Sendable, Hashable {
  case bytes(ByteCount)
  /// 0 to 100.
  case percent(Double)

  /// `6GiB` or `10%`; `nil` for anything else.
  public static func parse(_ text: String) -> SizeThreshold? {
    guard text.hasSuffix("%") else { return SizeText.parse(text).map(SizeThreshold.bytes) }
    let digits = text.dropLast()
    guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let percent = Double(digits), percent <= 100
    else { return nil }
    return .percent(percent)
  }

  /// The threshold for something of this size.
  public func bytes(of whole: ByteCount?) -> ByteCount? {
    switch self {
    case .bytes(let count): count
    // The largest sizes, rounded to a double, are beyond 64 bits.
    case .percent(let percent):
      whole.map { ByteCount(Int64(exactly: (Double($0.bytes) * percent / 100).rounded(.towardZero)) ?? .max) }
    }
  }
}
