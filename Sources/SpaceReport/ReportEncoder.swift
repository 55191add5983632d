import SpaceModel

/// Encodes a report's values as JSON, keys in the order in which they are declared.
///
/// `JSONEncoder` keeps no order, or sorts. Three rules are applied here, so that no model has to know them: an integer
/// that a double cannot hold gets a twin `<key>_s` as text, a path that is not UTF-8 is percent-encoded with
/// `<key>_encoding` (`path_encoding`) set to `percent`, and an empty text is left out with its key. Support bundles are
/// exported as YAML by a tool that turns `""` into `"null"`, also inside a document that is itself a text there.
public enum ReportEncoder {
  /// - Throws: Only what a type's own `encode(to:)` throws.
  public static func encode(_ value: some Encodable, indented: Bool = true) throws -> [UInt8] {
    let sink = Sink(JSONWriter(indented: indented))
    try value.encode(to: ValueEncoder(sink))
    sink.finish()
    sink.writer.newline()
    return sink.writer.bytes
  }

  static let largestExactInteger: Int64 = 1 << 53 - 1
}

/// The writer, shared by the containers of one document, and which of them are still open.
private final class Sink {
  var writer: JSONWriter
  private var open: [Bool] = []

  init(_ writer: JSONWriter) { self.writer = writer }

  var depth: Int { open.count }

  func begin(object: Bool) -> Int {
    if object { writer.beginObject() } else { writer.beginArray() }
    open.append(object)
    return open.count
  }

  /// Closes what was opened inside the container at `depth` and not closed: containers are never told that they end.
  func close(to depth: Int) {
    while open.count > depth {
      if open.removeLast() { writer.endObject() } else { writer.endArray() }
    }
  }

  func finish() { close(to: 0) }
}

/// Of one value. Its key is written with it, because a value may turn out to be nothing.
private final class ValueEncoder: Encoder {
  let sink: Sink
  /// `nil` in an array and for the document.
  private let key: String?
  /// Of the object that the value is, once it is one: what a type adds to that of another goes into the same.
  private var depth: Int?
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ sink: Sink, key: String? = nil) {
    self.sink = sink
    self.key = key
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(KeyedContainer(sink: sink, depth: depth ?? begin(object: true)))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    UnkeyedContainer(sink: sink, depth: begin(object: false))
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { SingleContainer(encoder: self) }

  func write(_ value: some Encodable) throws {
    switch value {
    case let text as String: writeText(text)
    case let flag as Bool:
      writeKey()
      sink.writer.value(flag)
    case let count as ByteCount: writeInteger(count.bytes)
    case let path as FilePath: writePath(path)
    case let number as any FixedWidthInteger & Encodable: writeInteger(Int64(clamping: number))
    default: try value.encode(to: self)
    }
  }

  private func begin(object: Bool) -> Int {
    writeKey()
    let depth = sink.begin(object: object)
    self.depth = depth
    return depth
  }

  private func writeKey() {
    if let key { sink.writer.key(key) }
  }

  private func writeText(_ text: String) {
    // A document that is nothing but a text has no key to leave out.
    guard !text.isEmpty || sink.depth == 0 else { return }
    writeKey()
    sink.writer.value(text)
  }

  private func writeInteger(_ number: Int64) {
    writeKey()
    sink.writer.value(number)
    guard let key, number.magnitude > ReportEncoder.largestExactInteger.magnitude else { return }
    sink.writer.key(key + "_s")
    sink.writer.value(String(number))
  }

  private func writePath(_ path: FilePath) {
    guard let key else { return writeText(path.coded) }
    if let utf8 = path.utf8 { return writeText(utf8) }
    writeKey()
    sink.writer.value(String(path.coded.dropFirst(FilePath.percentPrefix.count)))
    sink.writer.key(key + "_encoding")
    sink.writer.value("percent")
  }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let sink: Sink
  let depth: Int
  var codingPath: [any CodingKey] { [] }

  mutating func encodeNil(forKey key: Key) {}

  mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    sink.close(to: depth)
    try ValueEncoder(sink, key: key.stringValue).write(value)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy keyType: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    sink.close(to: depth)
    return ValueEncoder(sink, key: key.stringValue).container(keyedBy: keyType)
  }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    sink.close(to: depth)
    return ValueEncoder(sink, key: key.stringValue).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { ValueEncoder(sink) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { ValueEncoder(sink) }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
  let sink: Sink
  let depth: Int
  var count = 0
  var codingPath: [any CodingKey] { [] }

  init(sink: Sink, depth: Int) {
    self.sink = sink
    self.depth = depth
  }

  mutating func encodeNil() {}

  mutating func encode<T: Encodable>(_ value: T) throws {
    sink.close(to: depth)
    count += 1
    try ValueEncoder(sink).write(value)
  }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type) -> KeyedEncodingContainer<Nested> {
    sink.close(to: depth)
    return ValueEncoder(sink).container(keyedBy: keyType)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    sink.close(to: depth)
    return ValueEncoder(sink).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { ValueEncoder(sink) }
}

private struct SingleContainer: SingleValueEncodingContainer {
  let encoder: ValueEncoder
  var codingPath: [any CodingKey] { [] }

  mutating func encodeNil() throws {
    throw EncodingError.invalidValue(
      Optional<String>.none as Any, .init(codingPath: [], debugDescription: "a report holds no null"))
  }

  mutating func encode<T: Encodable>(_ value: T) throws { try encoder.write(value) }
}
