import Testing

@testable import HeadroomCommands

@Suite struct FoldedImagesTests {
  private static let names = (0..<40).map { "i\($0).img" }

  @Test(
    "a long row of names is folded, and comes back where it was",
    arguments: [
      ["map"] + names, ["map", "--summary"] + names, ["map"] + names + ["--json"],
      ["map", "--label", "X", "a"] + names + ["--summary", "b", "c"], ["map", "--summary", "--"] + names + ["-odd"],
    ])
  func aLongRowOfNamesIsFoldedAndComesBackWhereItWas(_ words: [String]) {
    let folded = FoldedImages(words)
    #expect(folded.words.count < words.count)
    #expect(folded.unfolded(folded.words) == words)
  }

  @Test("the word behind an option stays: it may be its value")
  func theWordBehindAnOptionStays() {
    let words = FoldedImages(["map", "--disk", "node.img"] + Self.names).words
    #expect(words.prefix(3) == ["map", "--disk", "node.img"])
    #expect(words.count == 4)
  }

  @Test("nothing else is touched", arguments: [["map"], [], ["map", "a", "b"], ["copy"] + names])
  func nothingElseIsTouched(_ words: [String]) {
    let folded = FoldedImages(words)
    #expect(folded.words == words)
    #expect(folded.unfolded(["a"]) == ["a"])
  }
}
