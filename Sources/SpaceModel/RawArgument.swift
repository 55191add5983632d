/// Bytes that are not UTF-8, carried through `String` unharmed.
///
/// `CommandLine.arguments` replaces such bytes, so a file named with them could never be opened. Here each becomes one
/// private-use scalar (U+10FF80 to U+10FFFF) on the way in and the byte again on the way out.
/// Text that really holds one of these 128 scalars, the last of all, goes in as its bytes too.
public enum RawArgument {
  private static let base: UInt32 = 0x10_FF00

  /// Text that stands for `bytes`, UTF-8 or not.
  public static func text(of bytes: some Collection<UInt8>) -> String {
    if let whole = String(validating: bytes, as: UTF8.self),
      !whole.unicodeScalars.contains(where: { byte(of: $0) != nil })
    {
      return whole
    }
    var out = String.UnicodeScalarView()
    var rest = Array(bytes)[...]
    while let first = rest.first {
      let width = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      if rest.count >= width, let scalar = String(validating: rest.prefix(width), as: UTF8.self)?.unicodeScalars.first,
        byte(of: scalar) == nil
      {
        out.append(scalar)
        rest = rest.dropFirst(width)
      } else {
        if let scalar = Unicode.Scalar(base + UInt32(first)) { out.append(scalar) }
        rest = rest.dropFirst()
      }
    }
    return String(out)
  }

  /// The bytes that `text` stands for.
  public static func bytes(of text: String) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if let byte = byte(of: scalar) {
        out.append(byte)
      } else {
        out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    return out
  }

  /// The byte a scalar stands for, where it is one of the private-use scalars above.
  static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    scalar.value >= base + 0x80 && scalar.value <= base + 0xFF ? UInt8(truncatingIfNeeded: scalar.value) : nil
  }
}
