import SpaceModel

/// os-release(5) files.
public enum OSRelease {
  /// Keys and values, quotes removed. Lines that are no assignment are left out.
  public static func fields(_ bytes: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let text = String(validating: line, as: UTF8.self), !text.hasPrefix("#"),
        let equals = text.firstIndex(of: "=")
      else { continue }
      let key = text[..<equals].filter { $0 != " " }
      fields[String(key)] = unquoted(text[text.index(after: equals)...])
    }
    return fields
  }

  /// The fields of `/etc/kairos-release`: Kairos leaves os-release to the distribution it is built from (since 3.0) and
  /// says what it is in this file.
  public static func kairosFields(_ bytes: [UInt8]) -> [String: String] {
    fields(bytes).filter { $0.key.hasPrefix("KAIROS_") }
  }

  private static func unquoted(_ value: Substring) -> String {
    var value = value
    while value.last?.isWhitespace == true { value = value.dropLast() }
    guard let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote else {
      return String(value)
    }
    var out = ""
    var escaped = false
    for character in value.dropFirst().dropLast() {
      if character == "\\", !escaped, quote == "\"" {
        escaped = true
      } else {
        out.append(character)
        escaped = false
      }
    }
    return out
  }

  /// - Returns: `nil` where the file names neither.
  public static func operatingSystem(_ fields: [String: String]) -> OperatingSystem? {
    let name = fields["PRETTY_NAME"].flatMap { $0.isEmpty ? nil : $0 }
    let version = (fields["VERSION_ID"] ?? fields["VERSION"]).flatMap { $0.isEmpty ? nil : $0 }
    return name == nil && version == nil ? nil : OperatingSystem(prettyName: name, version: version)
  }
}
