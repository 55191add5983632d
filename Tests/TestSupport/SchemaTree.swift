import Foundation

/// A schema of docs/schema, walked without a validator, and the validator.
public struct SchemaTree {
  public let path: String
  public let root: [String: Any]

  /// - Parameter name: `report`, `map`, …
  public init(_ name: String) throws {
    path = "\(Products.root)/docs/schema/\(name)-1.json"
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    root = object as? [String: Any] ?? [:]
  }

  public var definitions: [String: [String: Any]] { root["$defs"] as? [String: [String: Any]] ?? [:] }

  /// The keys of each object that a document can hold; a list's elements stand under `key[]`.
  public func keys() -> [String: Set<String>] {
    var found: [String: Set<String>] = [:]
    collect(root, at: "$", &found)
    return found
  }

  private func collect(_ schema: [String: Any], at place: String, _ found: inout [String: Set<String>]) {
    let schema = resolved(schema)
    if let properties = schema["properties"] as? [String: [String: Any]] {
      found[place] = Set(properties.keys)
      for (key, value) in properties { collect(value, at: "\(place).\(key)", &found) }
    }
    if let items = schema["items"] as? [String: Any] { collect(items, at: place + "[]", &found) }
  }

  private func resolved(_ schema: [String: Any]) -> [String: Any] {
    guard let reference = schema["$ref"] as? String else { return schema }
    return definitions[String(reference.dropFirst("#/$defs/".count))] ?? [:]
  }

  /// All objects of the schema that describe a value with a name.
  public func properties() -> [(key: String, schema: [String: Any])] {
    var found: [(String, [String: Any])] = []
    for object in [root] + definitions.values {
      for (key, schema) in object["properties"] as? [String: [String: Any]] ?? [:] { found.append((key, schema)) }
    }
    return found
  }

  /// - Parameter isClosed: Judge by this version alone: a key or a word that is not described is an error.
  /// - Returns: What check-jsonschema objects to in these files; empty where it accepts all.
  public func objections(to files: [String], isClosed: Bool = false, in scratch: ScratchDirectory) throws -> String {
    var schema = path
    if isClosed {
      let closed = try JSONSerialization.data(withJSONObject: Self.closed(root), options: [.sortedKeys])
      schema = try scratch.write(Array(closed), to: "closed-\(UInt32.random(in: .min ... .max)).json")
    }
    let result = try Command.run("check-jsonschema", arguments: ["--schemafile", schema] + files)
    return result.status == 0 ? "" : result.text + result.errors
  }

  private static func closed(_ value: Any) -> Any {
    if let list = value as? [Any] { return list.map(closed) }
    guard var object = value as? [String: Any] else { return value }
    if let words = object["anyOf"] as? [[String: Any]], let known = words.first?["enum"] {
      object["anyOf"] = nil
      object["enum"] = known
      return object
    }
    // What follows an `if` is only part of a line's description.
    if object["properties"] != nil, object["title"] != nil, object["allOf"] == nil {
      object["additionalProperties"] = false
    }
    return object.mapValues(closed)
  }
}
