import SpaceModel

/// All samples of one metric in Prometheus' text exposition format 0.0.4.
///
/// Always a gauge: node_exporter's textfile collector drops a whole file for a type of OpenMetrics, or for a timestamp.
struct MetricFamily {
  typealias Label = (name: String, value: String)

  let name: String
  let help: String
  private var samples: [String] = []
  /// As bytes: a `String` calls the two spellings of an accent equal, and Prometheus does not.
  private var seen: Set<[UInt8]> = []

  init(_ name: String, _ help: String) {
    self.name = name
    self.help = help
  }

  /// An unknown value is no sample.
  ///
  /// One series twice would make the exporter reject all: a second one with the same labels, as a report that was made up
  /// may have, gets an `index`.
  mutating func add(_ value: Int64?, _ labels: [Label] = []) {
    guard let value else { return }
    var series = Self.braces(labels)
    var index = 1
    while !seen.insert(Array(series.utf8)).inserted {
      index += 1
      series = Self.braces(labels + [("index", "\(index)")])
    }
    samples.append("\(name)\(series) \(value)")
  }

  /// The states something can be in, 1 for the one it is.
  mutating func add<State: RawRepresentable & Equatable>(
    _ current: State, of all: [State], as label: String, _ labels: [Label] = []
  ) where State.RawValue == String {
    for state in all { add(state == current ? 1 : 0, labels + [(label, state.rawValue)]) }
  }

  /// Nothing at all where there are no samples.
  var lines: [String] {
    samples.isEmpty ? [] : ["# HELP \(name) \(help)", "# TYPE \(name) gauge"] + samples
  }

  private static func braces(_ labels: [Label]) -> String {
    if labels.isEmpty { return "" }
    return "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
  }

  private static func escaped(_ value: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\", "\"": out.append(contentsOf: ["\\", scalar])
      case "\n": out.append(contentsOf: ["\\", "n"])
      default: out.append(scalar)
      }
    }
    return String(out)
  }

  /// A name as a label has it: as it is where a terminal can show it, else percent-encoded behind `percent:`, so that two
  /// names never become one.
  static func value(_ path: FilePath) -> String {
    if let text = path.utf8, text == path.display, !path.hasPrefix(FilePath.percentPrefix) { return text }
    let hexadecimal = Array("0123456789ABCDEF".utf8)
    var out = Array(FilePath.percentPrefix.utf8)
    for byte in path.bytes {
      if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  static func value(_ text: String) -> String { value(FilePath(text)) }
}
