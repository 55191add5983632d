/// Words from a document, and words that are near to them.
public enum JSONWords {
  /// In quotation marks, made safe for one line and cut where it is long.
  static func quoted(_ text: String) -> String {
    let short = text.unicodeScalars.prefix(61)
    if short.count <= 60 { return "\"\(DisplayText.escaped(text))\"" }
    return "\"\(DisplayText.escaped(String(String.UnicodeScalarView(short.dropLast()))))…\""
  }

  /// `a, b or c`.
  static func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }

  /// The word a person may have meant: at most a third of the letters differ.
  public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let bytes = Array(word.utf8)
    // A key that long is no slip of the hand, and the distance costs the product of the lengths.
    guard bytes.count <= 64 else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in candidates where candidate.utf8.count <= 64 {
      let distance = distance(bytes, Array(candidate.utf8))
      guard distance <= max(1, max(bytes.count, candidate.utf8.count) / 3), distance < best?.distance ?? .max else {
        continue
      }
      best = (candidate, distance)
    }
    return best?.word
  }

  /// Letters added, left out, replaced or swapped with their neighbour (optimal string alignment).
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, byte) in left.enumerated() {
      var next = [row + 1]
      for (column, other) in right.enumerated() {
        var cost = min(last[column] + (byte == other ? 0 : 1), last[column + 1] + 1, next[column] + 1)
        if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        next.append(cost)
      }
      (beforeLast, last) = (last, next)
    }
    return last[right.count]
  }
}
