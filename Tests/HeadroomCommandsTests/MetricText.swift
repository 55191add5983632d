import SpaceModel

/// A sample of the text exposition format, read back.
struct MetricSample: Hashable {
  var name: String
  var labels: [String: String]
  var value: Double

  /// All samples of a document.
  ///
  /// - Throws: Where a line is neither a sample nor a comment.
  static func all(in text: String) throws -> [MetricSample] {
    try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(MetricSample.init(line:))
  }

  init(line: Substring) throws {
    var rest = line.unicodeScalars[...]
    func take(_ isWanted: (Unicode.Scalar) -> Bool) -> String {
      let taken = rest.prefix(while: isWanted)
      rest = rest[taken.endIndex...]
      return String(taken)
    }
    name = take { $0 != "{" && $0 != " " }
    labels = [:]
    if rest.first == "{" {
      rest.removeFirst()
      while let first = rest.first, first != "}" {
        let label = take { $0 != "=" }
        rest = rest.dropFirst(2)
        var value = String.UnicodeScalarView()
        while let scalar = rest.popFirst(), scalar != "\"" {
          guard scalar == "\\" else {
            value.append(scalar)
            continue
          }
          let escaped = rest.popFirst()
          value.append(escaped == "n" ? "\n" : escaped ?? "?")
        }
        // The exporter gives all series of a metric the same labels; an empty one is none.
        if !value.isEmpty { labels[label] = String(value) }
        if rest.first == "," { rest.removeFirst() }
      }
      rest = rest.dropFirst()
    }
    guard rest.first == " ", let number = Double(String(rest.dropFirst())) else {
      throw Unexpected("no sample: \(line)")
    }
    value = number
  }
}
