/// A path as the kernel sees it: bytes without NUL, in no promised encoding.
///
/// Names on an ext4 partition need not be UTF-8; a `String` would replace what
/// is not, and the file could not be opened any more.
public struct FilePath: Hashable, Sendable {
  public let bytes: [UInt8]

  public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
  public init(_ text: String) { bytes = RawArgument.bytes(of: text) }

  /// The path as text where it is valid UTF-8.
  public var utf8: String? { String(validating: bytes, as: UTF8.self) }

  /// What a person is shown: control characters, and bytes that are not UTF-8, as `\x1b`; one line always.
  public var display: String { DisplayText.escaped(bytes) }

  /// The part behind the last slash.
  public var lastComponent: FilePath {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
    return FilePath(bytes: bytes[(slash + 1)...])
  }

  /// The components, without empty ones and `.`.
  public var components: [FilePath] {
    bytes.split(separator: UInt8(ascii: "/")).filter { Array($0) != [UInt8(ascii: ".")] }.map(FilePath.init(bytes:))
  }

  /// This path and another below it, with one slash between.
  public func appending(_ other: FilePath) -> FilePath {
    if bytes.isEmpty { return other }
    if other.bytes.isEmpty { return self }
    var joined = bytes
    while joined.last == UInt8(ascii: "/") { joined.removeLast() }
    joined.append(UInt8(ascii: "/"))
    joined.append(contentsOf: other.bytes.drop { $0 == UInt8(ascii: "/") })
    return FilePath(bytes: joined)
  }

  public func appending(_ text: String) -> FilePath { appending(FilePath(text)) }

  /// The path below `ancestor` (without a leading slash), or `nil` where it is not below it.
  public func relative(to ancestor: FilePath) -> FilePath? {
    var root = ancestor.bytes[...]
    while root.last == UInt8(ascii: "/") { root = root.dropLast() }
    guard bytes.starts(with: root) else { return nil }
    let rest = bytes[root.count...]
    guard rest.isEmpty || rest.first == UInt8(ascii: "/") else { return nil }
    return FilePath(bytes: rest.drop { $0 == UInt8(ascii: "/") })
  }

  public func hasSuffix(_ text: String) -> Bool {
    let suffix = Array(text.utf8)
    return bytes.count >= suffix.count && Array(bytes.suffix(suffix.count)) == suffix
  }

  public func hasPrefix(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
}

extension FilePath: ExpressibleByStringLiteral {
  public init(stringLiteral text: String) { self.init(text) }
}

extension FilePath: Comparable {
  /// By bytes, so that an order does not depend on a locale.
  public static func < (left: FilePath, right: FilePath) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

/// Coded as text where the path is UTF-8, else percent-encoded behind `percent:`.
///
/// The report's encoder turns that mark into the key `path_encoding`, and its reader turns it back.
extension FilePath: Codable {
  public static let percentPrefix = "percent:"

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    self =
      text.hasPrefix(Self.percentPrefix)
      ? Self.percentDecoded(text.dropFirst(Self.percentPrefix.count)) : FilePath(bytes: text.utf8)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(coded)
  }

  /// The coded form.
  public var coded: String {
    if let utf8, !utf8.hasPrefix(Self.percentPrefix) { return utf8 }
    let hex = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in bytes {
      if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return Self.percentPrefix + String(decoding: out, as: UTF8.self)
  }

  static func percentDecoded(_ text: Substring) -> FilePath {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      // Both must be digits: UInt8(_:radix:) takes a sign as well.
      if byte == UInt8(ascii: "%"), rest.count >= 2, !rest.prefix(2).contains(where: { $0 < 0x30 }),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        out.append(value)
        rest = rest.dropFirst(2)
      } else {
        out.append(byte)
      }
    }
    return FilePath(bytes: out)
  }
}
