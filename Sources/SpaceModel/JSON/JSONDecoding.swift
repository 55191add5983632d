extension JSONValue {
  /// What becomes of keys that nothing asked for.
  public enum UnknownKeys: Sendable {
    /// They belong to a newer minor version.
    case ignored
    /// They are slips of a person's hand; the first one in the document is an error.
    case refused
  }

  /// What becomes of a text, or a path, that a type must have and that is absent.
  public enum AbsentText: Sendable {
    /// It was empty: the report's encoder writes none.
    case isEmpty
    /// The document is incomplete.
    case refused
  }

  /// Makes a value of a `Codable` type.
  ///
  /// Reads what `ReportEncoder` writes: `null` is as good as absent, an integer's twin `<key>_s` counts where it is
  /// text, and a path with `<key>_encoding` is percent-decoded.
  ///
  /// - Throws: What does not fit, with its line and its keys.
  public func decode<Value: Decodable>(
    _ type: Value.Type = Value.self, unknownKeys: UnknownKeys = .ignored, absentText: AbsentText = .refused
  ) throws(JSONError) -> Value {
    let ledger = JSONKeyLedger(absentText: absentText)
    let decoded: Value
    do {
      decoded = try JSONNode(value: self, path: .root, ledger: ledger).decode(type)
    } catch let error as JSONError {
      throw error
    } catch {
      // A type's own error says no place.
      throw JSONError("\(error)", at: position)
    }
    if unknownKeys == .refused, let error = ledger.firstUnknownKey { throw error }
    return decoded
  }
}

/// A value on its way into a type: where it is, and what stands beside it.
struct JSONNode {
  var value: JSONValue
  var path: JSONPath
  let ledger: JSONKeyLedger
  /// `<key>_s`: the same integer in full.
  var twin: JSONValue?
  /// `<key>_encoding`.
  var encoding: JSONValue?
  /// A path in a list has no key to say its encoding beside; it is marked in place.
  var isListElement = false

  func error(_ message: String) -> JSONError { JSONError(message, at: value.position, keyPath: path.description) }

  func mismatch(_ expected: String) -> JSONError {
    switch value.content {
    case .number(let number): error("expected \(expected), found \(number)")
    case .flag(let flag): error("expected \(expected), found \(flag)")
    default: error("expected \(expected), found \(value.kindName)")
    }
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if let plain = try plain(type) as? Value { return plain }
    do {
      return try Value(from: JSONNodeDecoder(node: self))
    } catch let error as DecodingError {
      throw located(error, decoding: type)
    }
  }

  /// What an absent value of this type is, where that is known.
  func absent<Value: Decodable>(_ type: Value.Type) -> Value? {
    guard ledger.absentText == .isEmpty else { return nil }
    return "" as? Value ?? FilePath("") as? Value
  }

  /// The types that a value is read as without asking the type.
  private func plain(_ type: any Decodable.Type) throws -> Any? {
    switch type {
    case is String.Type: return try text("text")
    case is Bool.Type:
      guard case .flag(let flag) = value.content else { throw mismatch("true or false") }
      return flag
    case is Double.Type: return try double()
    case is Float.Type: return Float(try double())
    case is ByteCount.Type: return ByteCount(try integer(Int64.self))
    case is FilePath.Type: return try filePath()
    default: return try anyInteger(type)
    }
  }

  /// The integer types by name: asking whether a type is any `FixedWidthInteger` searches all conformances of the program,
  /// and for most types here in vain.
  private func anyInteger(_ type: any Decodable.Type) throws -> Any? {
    switch type {
    case is Int.Type: try integer(Int.self)
    case is Int64.Type: try integer(Int64.self)
    case is UInt64.Type: try integer(UInt64.self)
    case is Int32.Type: try integer(Int32.self)
    case is UInt32.Type: try integer(UInt32.self)
    case is UInt.Type: try integer(UInt.self)
    case is Int16.Type: try integer(Int16.self)
    case is UInt16.Type: try integer(UInt16.self)
    case is Int8.Type: try integer(Int8.self)
    case is UInt8.Type: try integer(UInt8.self)
    default: nil
    }
  }

  private func text(_ expected: String) throws -> String {
    guard case .text(let text) = value.content else { throw mismatch(expected) }
    return text
  }

  private func double() throws -> Double {
    guard case .number(let number) = value.content else { throw mismatch("a number") }
    return number.doubleValue
  }

  private func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
    guard case .number(let number) = value.content else { throw mismatch("a whole number") }
    if let twin, case .text(let text) = twin.content {
      guard let exact = Integer(text) else {
        throw JSONError(
          "expected a whole number in quotation marks, found \(JSONWords.quoted(text))", at: twin.position,
          keyPath: path.description + "_s")
      }
      return exact
    }
    if let whole = number.whole(type) { return whole }
    let isWhole = number.doubleValue.rounded() == number.doubleValue
    throw mismatch(isWhole ? "a whole number from \(Integer.min) to \(Integer.max)" : "a whole number")
  }

  private func filePath() throws -> FilePath {
    let text = try text("a path")
    let path: FilePath
    if let encoding {
      guard case .text("percent") = encoding.content else {
        throw JSONError(
          "expected \"percent\", the only encoding of paths", at: encoding.position,
          keyPath: self.path.description + "_encoding")
      }
      path = FilePath.percentDecoded(text[...])
    } else if isListElement, text.utf8.starts(with: FilePath.percentPrefix.utf8) {
      path = FilePath.percentDecoded(text.dropFirst(FilePath.percentPrefix.count))
    } else {
      path = FilePath(bytes: text.utf8)
    }
    if path.bytes.contains(0) { throw error("a path holds no zero byte") }
    return path
  }

  /// Gives a type's own complaint a place, and a word it does not know the words it knows.
  private func located(_ error: DecodingError, decoding type: any Decodable.Type) -> JSONError {
    let context: DecodingError.Context
    switch error {
    case .dataCorrupted(let found), .keyNotFound(_, let found), .typeMismatch(_, let found),
      .valueNotFound(_, let found):
      context = found
    @unknown default: return self.error("\(error)")
    }
    if type is any RawRepresentable.Type, case .text(let text) = value.content {
      let words = (type as? any CaseIterable.Type).map { Self.words($0) } ?? []
      let known = words.isEmpty ? "" : ", expected \(JSONWords.alternatives(words))"
      return self.error("\(JSONWords.quoted(text)) is not known here\(known)")
    }
    var place = self
    for key in context.codingPath.dropFirst(path.depth) {
      guard let next = place.child(key) else { break }
      place = next
    }
    return place.error(context.debugDescription)
  }

  private func child(_ key: any CodingKey) -> JSONNode? {
    switch value.content {
    case .object: value[key.stringValue].map { JSONNode(value: $0, path: .key(path, key.stringValue), ledger: ledger) }
    case .list(let elements):
      key.intValue.flatMap { index in
        elements.indices.contains(index)
          ? JSONNode(value: elements[index], path: .index(path, index), ledger: ledger) : nil
      }
    default: nil
    }
  }

  private static func words<Cases: CaseIterable>(_ type: Cases.Type) -> [String] {
    type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
  }
}

/// The standard library's view of a node.
struct JSONNodeDecoder: Decoder {
  let node: JSONNode
  var codingPath: [any CodingKey] { node.path.keys }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(try JSONObjectContainer<Key>(node))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try JSONListContainer(node) }
  func singleValueContainer() throws -> any SingleValueDecodingContainer { JSONSingleContainer(node: node) }
}

private struct JSONSingleContainer: SingleValueDecodingContainer {
  let node: JSONNode
  var codingPath: [any CodingKey] { node.path.keys }

  func decodeNil() -> Bool {
    if case .null = node.value.content { return true }
    return false
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try node.decode(type) }
}
