/// A place in a text, both from 1 on.
public struct JSONPosition: Sendable, Hashable {
  /// Lines end with a line feed.
  public var line: Int
  /// In characters (Unicode scalars), as an editor shows it.
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// What is wrong with a JSON document, and where.
public struct JSONError: Error, Sendable, Hashable {
  public var position: JSONPosition
  /// The keys that lead to the value, `partitions[0].images[2].path`; empty where the text itself is no JSON.
  public var keyPath: String
  /// A clause without a full stop.
  public var message: String

  public init(_ message: String, at position: JSONPosition, keyPath: String = "") {
    self.position = position
    self.keyPath = keyPath
    self.message = message
  }
}

extension JSONError: CustomStringConvertible {
  /// `line 7, column 12: expected a comma or a closing bracket`, or with keys `line 12: image.bytes: expected a whole
  /// number, found text`; one line always.
  public var description: String {
    keyPath.isEmpty
      ? "line \(position.line), column \(position.column): \(message)" : "line \(position.line): \(keyPath): \(message)"
  }
}
