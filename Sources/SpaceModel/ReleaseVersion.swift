/// The version of a release: `v1.4.0`, `1.5.0-rc2`, `v1.9.0-rc6+build`, `v1.8`.
///
/// Ordered as semver.org says, with one difference: digits inside a word count as a number, so `rc10` comes behind `rc2`.
/// Two are equal where neither is older: `v1.8` and `1.8.0+build` are.
public struct ReleaseVersion: Sendable {
  /// As it was written.
  public let text: String
  public let major: Int
  public let minor: Int
  /// 0 where it is left out.
  public let patch: Int
  /// Behind the hyphen: `rc2`; `nil` for a release.
  public let preRelease: String?

  /// - Returns: `nil` for what is no version with two or three numbers, and for builds of a branch (`master-head`,
  ///   `v1.4-d3dc81ca-head`), which stand in no order to a release.
  public init?(_ text: String) {
    guard text.utf8.count <= 255 else { return nil }
    var rest = text[...]
    if rest.first == "v" { rest = rest.dropFirst() }
    let isBuild = Self.cut(&rest, at: "+").map(Self.isDotted) ?? true
    var preRelease = Self.cut(&rest, at: "-").map(String.init)
    // Kairos adds the Kubernetes inside behind a hyphen, v2.4.3-k3sv1.26.9: that is a release all the same.
    if let words = preRelease?.split(separator: "-", omittingEmptySubsequences: false),
      let bundled = words.firstIndex(where: { $0.hasPrefix("k3s") || $0.hasPrefix("k0s") })
    {
      let own = words[..<bundled].joined(separator: "-")
      preRelease = own.isEmpty ? nil : own
    }
    let numbers = rest.split(separator: ".", omittingEmptySubsequences: false)
    let parsed = numbers.compactMap { number in number.utf8.allSatisfy(Self.isDigit) ? Int(number) : nil }
    guard isBuild, parsed.count == numbers.count, parsed.count == 2 || parsed.count == 3 else { return nil }
    if let preRelease {
      guard Self.isDotted(preRelease[...]), !preRelease.split(separator: "-").contains("head") else { return nil }
    }
    self.text = text
    major = parsed[0]
    minor = parsed[1]
    patch = parsed.count == 3 ? parsed[2] : 0
    self.preRelease = preRelease
  }

  /// Cuts off what stands behind the first `mark`.
  private static func cut(_ text: inout Substring, at mark: Character) -> Substring? {
    guard let index = text.firstIndex(of: mark) else { return nil }
    defer { text = text[..<index] }
    return text[text.index(after: index)...]
  }

  /// Words of letters, digits and hyphens with dots between.
  private static func isDotted(_ text: Substring) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { word in
      !word.isEmpty
        && word.utf8.allSatisfy { byte in
          isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
        }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension ReleaseVersion: Comparable, Hashable {
  public static func == (left: ReleaseVersion, right: ReleaseVersion) -> Bool { left.order == right.order }
  public static func < (left: ReleaseVersion, right: ReleaseVersion) -> Bool {
    left.order.lexicographicallyPrecedes(right.order)
  }
  public func hash(into hasher: inout Hasher) { hasher.combine(order) }

  /// A piece of what is compared; cases stand in their order.
  fileprivate enum Piece: Hashable, Comparable {
    /// The end of a word or of all words: a prefix is older.
    case end
    /// Digits without leading zeros, any number of them: the longer, the larger.
    case number(length: Int, digits: String)
    case word([UInt8])
    case release
  }

  private var order: [Piece] {
    var pieces = [major, minor, patch].map { Self.number("\($0)") }
    guard let preRelease else { return pieces + [.release] }
    for word in preRelease.split(separator: ".") {
      if word.utf8.allSatisfy(Self.isDigit) {
        pieces.append(Self.number(word))
        continue
      }
      // An empty word first: words with letters come behind plain numbers, also where they begin with a digit.
      pieces.append(.word([]))
      var rest = word[...]
      while let first = rest.utf8.first {
        let isNumber = Self.isDigit(first)
        let run = rest.prefix { $0.utf8.first.map(Self.isDigit) == isNumber }
        pieces.append(isNumber ? Self.number(run) : .word(Array(run.utf8)))
        rest = rest.dropFirst(run.count)
      }
      pieces.append(.end)
    }
    return pieces + [.end]
  }

  private static func number(_ digits: some StringProtocol) -> Piece {
    let significant = String(digits.drop { $0 == "0" })
    return .number(length: significant.utf8.count, digits: significant)
  }
}

extension ReleaseVersion.Piece {
  static func < (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.number(let length, let digits), .number(let otherLength, let otherDigits)):
      (length, digits) < (otherLength, otherDigits)
    case (.word(let word), .word(let other)): word.lexicographicallyPrecedes(other)
    default: left.rank < right.rank
    }
  }

  private var rank: Int {
    switch self {
    case .end: 0
    case .number: 1
    case .word: 2
    case .release: 3
    }
  }
}

extension ReleaseVersion: CustomStringConvertible {
  public var description: String { text }
}

/// Coded as its text.
extension ReleaseVersion: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let version = ReleaseVersion(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a version like \"v1.4.0\"")
    }
    self = version
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
