extension JSONParser {
  /// A string, from its opening quotation mark to behind the closing one.
  mutating func string() throws(JSONError) -> String {
    index += 1
    var decoded: [UInt8] = []
    var runStart = index
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        let text = try text(decoded, bytes[runStart..<index])
        index += 1
        return text
      case UInt8(ascii: "\\"):
        decoded += Array(try text([], bytes[runStart..<index]).utf8)
        decoded += UTF8.encode(try escape()) ?? UTF8.encodedReplacementCharacter
        runStart = index
      case 0..<0x20:
        throw JSONError("a control character in a string must be escaped", at: position)
      default:
        countContinuation(byte)
        index += 1
      }
    }
    throw JSONError("the text ends inside a string", at: position)
  }

  private func text(_ decoded: [UInt8], _ run: ArraySlice<UInt8>) throws(JSONError) -> String {
    if let tail = String(validating: run, as: UTF8.self) {
      return decoded.isEmpty ? tail : String(decoding: decoded, as: UTF8.self) + tail
    }
    throw JSONError("a string holds bytes that are not UTF-8", at: position)
  }

  /// An escape, from its backslash on.
  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let start = position
    index += 1
    guard let byte = current else { throw JSONError("the text ends inside a string", at: position) }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw JSONError("unknown escape \"\\\(DisplayText.escaped([byte]))\"", at: start)
    }
    let unit = try codeUnit(start)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // Beyond the first plane: two escapes in UTF-16's manner.
    if unit < 0xDC00, bytes[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
      index += 2
      let low = try codeUnit(start)
      if (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
      {
        return scalar
      }
    }
    throw JSONError("half a surrogate pair is no character", at: start)
  }

  private mutating func codeUnit(_ start: JSONPosition) throws(JSONError) -> UInt32 {
    let digits = bytes[index...].prefix(4)
    var unit: UInt32 = 0
    for byte in digits {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { break }
      unit = unit << 4 | UInt32(digit)
      index += 1
    }
    guard digits.count == 4, index == digits.endIndex else {
      throw JSONError("\\u takes four hexadecimal digits", at: start)
    }
    return unit
  }

  /// A number, from its sign or first digit on.
  mutating func number() throws(JSONError) -> JSONNumber {
    let start = index
    let place = position
    if current == UInt8(ascii: "-") { index += 1 }
    let firstDigit = index
    try digits("behind the minus sign")
    if bytes[firstDigit] == UInt8(ascii: "0"), index > firstDigit + 1 {
      throw JSONError("a number has no leading zeros", at: place)
    }
    var isWhole = true
    if current == UInt8(ascii: ".") {
      isWhole = false
      index += 1
      try digits("behind the decimal point")
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isWhole = false
      index += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
      try digits("in the exponent")
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if isWhole {
      if let number = Int64(text) { return .integer(number) }
      if let number = UInt64(text) { return .large(number) }
    }
    guard let number = Double(text), number.isFinite else { throw JSONError("the number is too large", at: place) }
    return .double(number)
  }

  private mutating func digits(_ place: String) throws(JSONError) {
    let start = index
    while let byte = current, (0x30...0x39).contains(byte) { index += 1 }
    if index == start { throw JSONError("expected a digit \(place)", at: position) }
  }
}
