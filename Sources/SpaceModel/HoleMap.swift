/// What a cell of a hole map mostly holds.
///
/// The letter is what stands in JSON.
public enum CellKind: Character, Sendable, Hashable, CaseIterable {
  case data = "d"
  case zero = "z"
  case unwritten = "u"
  /// Nothing allocated at all.
  case hole = "h"
  /// Mostly hole, with something allocated in it.
  case mostlyHole = "s"
  /// Could not be read.
  case unreadable = "x"
}

/// An image drawn in at most 256 cells of equal size, enough to draw it again.
public struct HoleMap: Sendable, Hashable {
  /// Bytes a cell stands for; the last one may stand for less.
  public var cellBytes: ByteCount
  public var cells: [CellKind]

  public init(cellBytes: ByteCount, cells: [CellKind]) {
    self.cellBytes = cellBytes
    self.cells = cells
  }

  /// Run-length coded: a count (left out where it is 1) before each letter, `12d3zh`.
  public var runLengthCoded: String {
    var out = ""
    var index = cells.startIndex
    while index < cells.endIndex {
      let kind = cells[index]
      let run = cells[index...].prefix { $0 == kind }.count
      if run > 1 { out += String(run) }
      out.append(kind.rawValue)
      index += run
    }
    return out
  }

  /// - Returns: `nil` where the text is not of that form, or stands for more than `limit` cells.
  public static func cells(fromRunLengthCoded text: String, limit: Int = 65_536) -> [CellKind]? {
    var cells: [CellKind] = []
    var run: Int?
    for character in text {
      if let digit = character.wholeNumberValue, character.isASCII {
        run = min((run ?? 0) * 10 + digit, limit + 1)
      } else if let kind = CellKind(rawValue: character) {
        guard cells.count + (run ?? 1) <= limit else { return nil }
        cells.append(contentsOf: repeatElement(kind, count: run ?? 1))
        run = nil
      } else {
        return nil
      }
    }
    return run == nil ? cells : nil
  }
}

extension HoleMap: Codable {
  enum CodingKeys: String, CodingKey {
    case cellBytes = "cell_bytes"
    case cells
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    cellBytes = try container.decode(ByteCount.self, forKey: .cellBytes)
    // A report holds no empty text: an image without a byte has no cells.
    let text = try container.decodeIfPresent(String.self, forKey: .cells) ?? ""
    guard let cells = Self.cells(fromRunLengthCoded: text) else {
      throw DecodingError.dataCorruptedError(
        forKey: .cells, in: container, debugDescription: "not a run-length coded hole map")
    }
    self.cells = cells
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(cellBytes, forKey: .cellBytes)
    try container.encode(runLengthCoded, forKey: .cells)
  }
}
