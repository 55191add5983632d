/// An object on its way into a type.
struct JSONObjectContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  private let node: JSONNode
  private let members: [JSONMember]
  /// Where each key is, for objects with many.
  private let numbers: [String: Int]
  private let record: JSONKeyLedger.Record

  init(_ node: JSONNode) throws {
    guard case .object(let members) = node.value.content else { throw node.mismatch("an object") }
    self.node = node
    self.members = members
    // Two spellings of one letter are one key for `String` and two for JSON, so keys may meet here.
    numbers = Dictionary(members.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    record = node.ledger.record(of: node)
  }

  var codingPath: [any CodingKey] { node.path.keys }
  var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

  func contains(_ key: Key) -> Bool { member(key.stringValue) != nil }

  func decodeNil(forKey key: Key) throws -> Bool {
    guard case .null? = member(key.stringValue)?.value.content else { return false }
    return true
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    if member(key.stringValue) == nil, let absent = node.absent(type) { return absent }
    var child = try child(key.stringValue)
    if case .number = child.value.content, let twin = sibling(key, "_s"), case .text = twin.content {
      child.twin = twin
      record.asked.insert(key.stringValue + "_s")
    }
    if type is FilePath.Type, let encoding = sibling(key, "_encoding") {
      child.encoding = encoding
      record.asked.insert(key.stringValue + "_encoding")
    }
    return try child.decode(type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    KeyedDecodingContainer(try JSONObjectContainer<Nested>(try child(key.stringValue)))
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try JSONListContainer(try child(key.stringValue))
  }

  func superDecoder() throws -> any Decoder { JSONNodeDecoder(node: try child("super")) }
  func superDecoder(forKey key: Key) throws -> any Decoder { JSONNodeDecoder(node: try child(key.stringValue)) }

  private func member(_ name: String) -> JSONMember? {
    record.asked.insert(name)
    return numbers[name].map { members[$0] }
  }

  private func sibling(_ key: Key, _ suffix: String) -> JSONValue? {
    numbers[key.stringValue + suffix].map { members[$0].value }
  }

  private func child(_ name: String) throws -> JSONNode {
    if let member = member(name) {
      return JSONNode(value: member.value, path: .key(node.path, name), ledger: node.ledger)
    }
    var message = "the key \"\(name)\" is missing"
    let others = members.filter { !record.asked.contains($0.key) }
    if let near = JSONWords.nearest(to: name, among: others.map(\.key)),
      let member = others.first(where: { $0.key == near })
    {
      message += "; did you mean it by \(JSONWords.quoted(near)) in line \(member.keyPosition.line)?"
    }
    throw node.error(message)
  }
}

/// A list on its way into a type.
struct JSONListContainer: UnkeyedDecodingContainer {
  private let node: JSONNode
  private let elements: [JSONValue]
  var currentIndex = 0

  init(_ node: JSONNode) throws {
    guard case .list(let elements) = node.value.content else { throw node.mismatch("a list") }
    self.node = node
    self.elements = elements
  }

  var codingPath: [any CodingKey] { node.path.keys }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  mutating func decodeNil() throws -> Bool {
    guard case .null = try next().value.content else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value = try next().decode(type)
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let container = try JSONObjectContainer<Nested>(try next())
    currentIndex += 1
    return KeyedDecodingContainer(container)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try JSONListContainer(try next())
    currentIndex += 1
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let decoder = JSONNodeDecoder(node: try next())
    currentIndex += 1
    return decoder
  }

  private func next() throws -> JSONNode {
    guard currentIndex < elements.count else {
      throw node.error("expected more than \(elements.count) elements")
    }
    return JSONNode(
      value: elements[currentIndex], path: .index(node.path, currentIndex), ledger: node.ledger, isListElement: true)
  }
}
