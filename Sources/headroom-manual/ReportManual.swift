import SpaceModel

/// headroom-report(5): the report's keys, from its JSON Schema.
struct ReportManual {
  /// The schema is not one this page can be made from.
  struct Unsuitable: Error, CustomStringConvertible {
    var description: String
  }

  private let schema: JSONValue
  private let definitions: [JSONMember]

  /// - Parameter schema: With `description` and `properties`; objects that it refers to stand in `$defs`.
  /// - Throws: ``Unsuitable`` where these are missing.
  init(_ schema: JSONValue) throws {
    self.schema = schema
    guard !Self.members(schema["properties"]).isEmpty, Self.text(schema["description"]) != nil else {
      throw Unsuitable(description: "The schema has no description or no properties.")
    }
    definitions = Self.members(schema["$defs"])
  }

  func render(date: String) throws -> String {
    var page = Mdoc(title: "HEADROOM\\-REPORT", section: 5, date: date)
    page.section("Name")
    page.macro(".Nm headroom\\-report")
    page.macro(".Nd what headroom reports, as JSON")
    page.section("Description")
    page.prose(Self.text(schema["description"]) ?? "")
    page.subsection("Document")
    page.prose(
      "Behind each key stands what its value is; a name with a capital letter is an object that is described below.")
    try list(schema, in: &page)
    page.subsection("Values")
    page.list(
      width: "Ds",
      definitions.filter { !isObject($0.value) }.compactMap { definition in
        Self.text(definition.value["description"]).map { ("Li \(Mdoc.argument(Self.name(definition)))", $0) }
      })
    for definition in definitions where isObject(definition.value) {
      page.subsection(try title(definition))
      if let description = Self.text(definition.value["description"]) { page.prose(description) }
      try list(definition.value, in: &page)
    }
    page.section("Examples")
    page.prose("The verdict, and the ids of what was found:")
    page.literal([
      "headroom audit --json | jq -r '.verdict, .findings[].id'"
    ])
    page.paragraph("How much is missing on each filesystem:")
    page.literal([
      "jq -r '.projections[] | select(.headroom_bytes < 0)",
      "  | \"\\(.filesystem_label) \\(-.headroom_bytes)\"' report.json",
    ])
    page.section("See also")
    page.macro(".Xr jq 1 ,")
    page.macro(".Xr headroom 8")
    return page.text
  }

  private func list(_ object: JSONValue, in page: inout Mdoc) throws {
    let required = Self.list(object["required"]).compactMap { Self.text($0) }
    var items: [(macro: String, meaning: String)] = []
    for member in Self.members(object["properties"]) where !isEncodingTwin(member) {
      let kind = try kind(of: member.value)
      let presence = required.contains(member.key) ? "" : ", optional"
      let description = Self.text(member.value["description"]).map { " " + $0 } ?? ""
      items.append(("Li \(Mdoc.argument(member.key))", "(\(kind)\(presence))\(description)"))
    }
    page.list(width: "Ds", items)
  }

  // MARK: Kinds

  /// What a value is, in a few words.
  private func kind(of schema: JSONValue) throws -> String {
    if let reference = Self.text(schema["$ref"]) {
      let definition = try definition(reference)
      if isObject(definition.value) { return try title(definition) }
      // A name that people know, like "size", says more than the type behind it.
      return definition.value["enum"] == nil ? Self.name(definition) : try kind(of: definition.value)
    }
    let alternatives = Self.list(schema["anyOf"]) + Self.list(schema["oneOf"])
    let words = Self.list(schema["enum"]) + alternatives.flatMap { Self.list($0["enum"]) }
    if !words.isEmpty { return words.compactMap { Self.text($0) }.joined(separator: " | ") }
    if let first = alternatives.first { return try kind(of: first) }
    if case .flag(let flag) = schema["const"]?.content { return "\(flag)" }
    if let constant = Self.text(schema["const"]) { return constant }
    switch Self.text(schema["type"]) {
    case "array": return try schema["items"].map { "list of " + (try kind(of: $0)) } ?? "list"
    case "boolean": return "true or false"
    case "string": return "text"
    case let type?: return type
    case nil: throw Unsuitable(description: "\(schema.position): a value without a type.")
    }
  }

  private func definition(_ reference: String) throws -> JSONMember {
    let start = "#/$defs/"
    guard reference.hasPrefix(start), let found = definitions.first(where: { start + $0.key == reference }) else {
      throw Unsuitable(description: "\(reference) leads nowhere.")
    }
    return found
  }

  private func title(_ definition: JSONMember) throws -> String {
    guard let title = Self.text(definition.value["title"]) else {
      throw Unsuitable(description: "\(definition.key) has no title.")
    }
    return title
  }

  private static func name(_ definition: JSONMember) -> String { definition.key.replacing("_", with: " ") }

  private func isObject(_ schema: JSONValue) -> Bool { schema["properties"] != nil }

  /// `path_encoding` stands beside nearly every path and is explained once, with the paths.
  private func isEncodingTwin(_ member: JSONMember) -> Bool {
    Self.text(member.value["$ref"]) == "#/$defs/path_encoding"
  }

  private static func members(_ value: JSONValue?) -> [JSONMember] {
    if case .object(let members) = value?.content { members } else { [] }
  }

  private static func list(_ value: JSONValue?) -> [JSONValue] {
    if case .list(let values) = value?.content { values } else { [] }
  }

  private static func text(_ value: JSONValue?) -> String? {
    if case .text(let text) = value?.content { text } else { nil }
  }
}
