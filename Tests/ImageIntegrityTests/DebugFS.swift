import Foundation
import TestSupport

/// A tool that these tests compare with did not answer as expected.
struct OracleFailure: Error, CustomStringConvertible {
  var description: String
}

/// What e2fsprogs say of an image: the oracle that knows nothing of our reader.
struct DebugFS {
  let image: String

  init(_ image: String) { self.image = image }

  /// A field of `dumpe2fs -h`.
  static func value(_ field: String, _ image: String) throws -> String {
    for line in try Command.check("dumpe2fs", "-h", image).lines where line.hasPrefix("\(field):") {
      return line.dropFirst(field.count + 1).trimmingCharacters(in: .whitespaces)
    }
    throw OracleFailure(description: "dumpe2fs does not tell '\(field)'")
  }

  func ask(_ request: String) throws -> String { try Command.check("debugfs", "-R", request, image).text }

  /// Blocks of a file's contents, as runs.
  func dataRuns(of path: String) throws -> [Range<Int>] {
    try entries(of: path).filter { $0.isData }.map(\.blocks)
  }

  struct Entry {
    /// Contents, not a node of the map.
    var isData: Bool
    /// `0-11`, `IND`, `DIND`, `ETB0`.
    var label: String
    var blocks: Range<Int>
  }

  /// The list behind `BLOCKS:` or `EXTENTS:`: `(0-11):100-111, (IND):112, (ETB0):90`.
  func entries(of path: String) throws -> [Entry] {
    let text = try ask("stat \(path)")
    guard let start = text.range(of: "BLOCKS:\n") ?? text.range(of: "EXTENTS:\n") else { return [] }
    var entries: [Entry] = []
    let list = text[start.upperBound...].split(separator: "\n").first ?? ""
    for item in list.split(separator: ",") {
      let parts = item.trimmingCharacters(in: .whitespaces).split(separator: ":")
      guard parts.count == 2, parts[0].hasPrefix("(") else { continue }
      let numbers = parts[1].split(separator: "-").compactMap { Int($0) }
      guard let first = numbers.first, let last = numbers.last else { continue }
      let label = String(parts[0].dropFirst().dropLast())
      entries.append(Entry(isData: label.first?.isNumber ?? false, label: label, blocks: first..<last + 1))
    }
    return entries
  }
}
