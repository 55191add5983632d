/// A JSON value that knows where it stands.
public struct JSONValue: Sendable {
  public enum Content: Sendable {
    case null
    case flag(Bool)
    case number(JSONNumber)
    case text(String)
    case list([JSONValue])
    /// In the document's order; no key twice.
    case object([JSONMember])
  }

  public var content: Content
  /// Of its first character.
  public var position: JSONPosition

  public init(_ content: Content, at position: JSONPosition) {
    self.content = content
    self.position = position
  }

  /// Reads one JSON document (RFC 8259), strictly: UTF-8 only, no key twice in an object, nothing behind the value.
  /// A byte order mark in front is skipped.
  ///
  /// - Parameter maximumDepth: How deep lists and objects may be nested; it bounds the stack.
  /// - Throws: What is wrong first, and where.
  /// - Complexity: Linear in the bytes.
  public init(parsing bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
    var parser = JSONParser(bytes, maximumDepth: maximumDepth)
    self = try parser.document()
  }

  /// The value of a key; `nil` where there is none or this is no object.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = content else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// What it is, in words: `text`, `a list`.
  public var kindName: String {
    switch content {
    case .null: "null"
    case .flag: "true or false"
    case .number: "a number"
    case .text: "text"
    case .list: "a list"
    case .object: "an object"
    }
  }
}

/// A key of an object with its value.
public struct JSONMember: Sendable {
  public var key: String
  public var keyPosition: JSONPosition
  public var value: JSONValue
}

/// A number as exactly as 64 bits hold it.
public enum JSONNumber: Sendable, Hashable {
  /// Written without fraction and exponent.
  case integer(Int64)
  /// The same, above `Int64.max`.
  case large(UInt64)
  /// All others, rounded to the nearest double.
  case double(Double)

  public var doubleValue: Double {
    switch self {
    case .integer(let number): Double(number)
    case .large(let number): Double(number)
    case .double(let number): number
    }
  }

  /// The whole number, however it is written; `nil` where it is none, where the type does not hold it, or where rounding
  /// may have changed it (an exponent or a fraction beyond 2^53).
  public func whole<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
    switch self {
    case .integer(let number): Integer(exactly: number)
    case .large(let number): Integer(exactly: number)
    case .double(let number): number.magnitude <= 0x1p53 ? Integer(exactly: number) : nil
    }
  }
}

extension JSONNumber: CustomStringConvertible {
  public var description: String {
    switch self {
    case .integer(let number): "\(number)"
    case .large(let number): "\(number)"
    case .double(let number): "\(number)"
    }
  }
}
