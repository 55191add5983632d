/// Recursive descent over bytes; strings and numbers are scanned in files of their own.
struct JSONParser {
  let bytes: [UInt8]
  var index: Int
  private let maximumDepth: Int
  private var line = 1
  private var lineStart: Int
  /// UTF-8 continuation bytes since the line's start: they are no columns.
  private var continuations = 0

  init(_ bytes: [UInt8], maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    lineStart = index
  }

  var current: UInt8? { index < bytes.count ? bytes[index] : nil }
  var position: JSONPosition { JSONPosition(line: line, column: index - lineStart - continuations + 1) }

  /// Steps over a byte of a string.
  mutating func countContinuation(_ byte: UInt8) {
    if byte & 0xC0 == 0x80 { continuations += 1 }
  }

  mutating func document() throws(JSONError) -> JSONValue {
    skipSpace()
    if current == nil { throw JSONError("the text is empty", at: position) }
    let value = try value(depth: 0)
    skipSpace()
    if current != nil { throw JSONError("expected the end, found \(found)", at: position) }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    let start = position
    switch current {
    case UInt8(ascii: "{"): return JSONValue(.object(try members(depth: depth)), at: start)
    case UInt8(ascii: "["): return JSONValue(.list(try elements(depth: depth)), at: start)
    case UInt8(ascii: "\""): return JSONValue(.text(try string()), at: start)
    case UInt8(ascii: "-"), .some(0x30...0x39): return JSONValue(.number(try number()), at: start)
    case nil: throw JSONError("the text ends where a value should be", at: start)
    default: break
    }
    let words: [(String, JSONValue.Content)] = [("true", .flag(true)), ("false", .flag(false)), ("null", .null)]
    let word = bytes[index...].prefix { Self.isWordByte($0) }
    for (name, content) in words where word.elementsEqual(name.utf8) {
      index += word.count
      return JSONValue(content, at: start)
    }
    throw JSONError("expected a value, found \(found)", at: start)
  }

  private mutating func elements(depth: Int) throws(JSONError) -> [JSONValue] {
    try enter(depth)
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return elements }
      try separate("a list", "expected a comma or a closing bracket")
    }
  }

  private mutating func members(depth: Int) throws(JSONError) -> [JSONMember] {
    try enter(depth)
    var keys = JSONKeySet()
    var members: [JSONMember] = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return members }
    while true {
      let start = position
      guard current == UInt8(ascii: "\"") else {
        throw current == nil
          ? JSONError("the text ends inside an object", at: start)
          : JSONError("expected a key in quotation marks, found \(found)", at: start)
      }
      let key = try string()
      if let first = keys.insert(key, number: members.count, among: members) {
        throw JSONError(
          "the key \(JSONWords.quoted(key)) stands twice, first in line \(members[first].keyPosition.line)", at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw JSONError("expected a colon behind the key", at: position) }
      skipSpace()
      members.append(JSONMember(key: key, keyPosition: start, value: try value(depth: depth + 1)))
      skipSpace()
      if take(UInt8(ascii: "}")) { return members }
      try separate("an object", "expected a comma or a closing brace")
    }
  }

  private mutating func enter(_ depth: Int) throws(JSONError) {
    guard depth < maximumDepth else { throw JSONError("nested deeper than \(maximumDepth) levels", at: position) }
    index += 1
  }

  private mutating func separate(_ container: String, _ message: String) throws(JSONError) {
    if current == nil { throw JSONError("the text ends inside \(container)", at: position) }
    guard take(UInt8(ascii: ",")) else { throw JSONError(message, at: position) }
    skipSpace()
    if current == UInt8(ascii: "]") || current == UInt8(ascii: "}") {
      throw JSONError("a comma stands before the closing \(current == 0x5D ? "bracket" : "brace")", at: position)
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    index += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = current {
      switch byte {
      case 0x20, 0x09, 0x0D: index += 1
      case 0x0A:
        index += 1
        line += 1
        lineStart = index
        continuations = 0
      default: return
      }
    }
  }

  /// What stands here, for a message: a whole word, or one character.
  private var found: String {
    guard let byte = current else { return "the end" }
    let word = bytes[index...].prefix(40).prefix { Self.isWordByte($0) }
    if !word.isEmpty { return JSONWords.quoted(String(decoding: word, as: UTF8.self)) }
    let width = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    guard let scalar = String(validating: bytes[index...].prefix(width), as: UTF8.self)?.unicodeScalars.first else {
      return "\"\(DisplayText.escaped([byte]))\""
    }
    // A space that is none to JSON looks like one.
    if scalar.properties.isWhitespace { return "\"\\u{\(String(scalar.value, radix: 16))}\"" }
    return "\"\(DisplayText.escaped(String(scalar)))\""
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
    default: false
    }
  }
}

/// Which keys an object has already. Few are compared one by one, many are hashed.
///
/// By bytes: `String` calls two spellings of one letter equal, JSON does not.
private struct JSONKeySet {
  private var numbers: [[UInt8]: Int] = [:]

  /// - Returns: The number of the member that has this key already.
  mutating func insert(_ key: String, number: Int, among members: [JSONMember]) -> Int? {
    if number < 16 { return members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) } }
    if number == 16 {
      for (index, member) in members.enumerated() { numbers[Array(member.key.utf8)] = index }
    }
    let bytes = Array(key.utf8)
    if let first = numbers[bytes] { return first }
    numbers[bytes] = number
    return nil
  }
}
