/// A long row of file names that the parser need not see.
///
/// It compares each word with all others: two thousand names take it longer than mapping the files. So of such a row one
/// word goes to the parser, which no command line can hold, and the names come back in its place.
struct FoldedImages: Sendable {
  /// What the parser gets.
  let words: [String]
  private let folded: [String]

  /// A word of the command line ends at its first NUL.
  private static let mark = "\0"
  /// Shorter rows cost nothing.
  private static let least = 16

  /// - Parameter words: The command line, `map` first; of another command nothing is folded.
  init(_ words: [String]) {
    guard words.first == "map", let row = Self.longestRow(words), row.count >= Self.least else {
      (self.words, folded) = (words, [])
      return
    }
    folded = Array(words[row])
    self.words = Array(words[..<row.lowerBound]) + [Self.mark] + Array(words[row.upperBound...])
  }

  /// The names as they were given.
  func unfolded(_ images: [String]) -> [String] {
    guard let index = images.firstIndex(of: Self.mark) else { return images }
    return Array(images[..<index]) + folded + Array(images[(index + 1)...])
  }

  /// Words that can be nothing but names: none begins with a hyphen, and the first may be the value of an option before
  /// it, so it stays.
  private static func longestRow(_ words: [String]) -> Range<Int>? {
    var longest: Range<Int>?
    var start = 2
    for index in 1...words.count where index == words.count || words[index].hasPrefix("-") {
      if index > start, index - start > longest?.count ?? 0 { longest = start..<index }
      start = index + 2
    }
    return longest
  }
}
