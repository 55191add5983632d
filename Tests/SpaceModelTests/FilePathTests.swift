import Foundation
import SpaceModel
import TestSupport
import Testing

@Suite struct FilePathTests {
  static let components: [(FilePath, [FilePath])] = [
    ("", []), ("/", []), (".", []), ("./.", []), ("a", ["a"]), ("/a/b", ["a", "b"]), ("//a///b//", ["a", "b"]),
    ("./a/./b", ["a", "b"]), ("a/../b", ["a", "..", "b"]), (".a/b.", [".a", "b."]),
  ]

  @Test("components leave out nothing but empty ones and dots", arguments: components)
  func componentsLeaveOutNothingButEmptyOnesAndDots(
    path: FilePath, parts: [FilePath]
  ) {
    #expect(path.components == parts)
  }

  static let lastComponents: [(FilePath, FilePath)] = [
    ("", ""), ("a", "a"), ("/", ""), ("/a", "a"), ("a/b", "b"), ("a/b/", ""), ("/dev/sda4", "sda4"),
  ]

  @Test("the last component is what stands behind the last slash", arguments: lastComponents)
  func theLastComponentIsWhatStandsBehindTheLastSlash(
    path: FilePath, last: FilePath
  ) {
    #expect(path.lastComponent == last)
  }

  static let joined: [(FilePath, FilePath, FilePath)] = [
    ("", "a", "a"), ("a", "", "a"), ("", "/a", "/a"), ("/", "a", "/a"), ("/", "/a", "/a"), ("a", "b", "a/b"),
    ("a/", "/b", "a/b"), ("a//", "//b", "a/b"), ("/mnt", "cOS/active.img", "/mnt/cOS/active.img"),
  ]

  @Test("paths are joined by one slash", arguments: joined) func pathsAreJoinedByOneSlash(
    left: FilePath, right: FilePath, whole: FilePath
  ) {
    #expect(left.appending(right) == whole)
  }

  static let relative: [(FilePath, FilePath, FilePath?)] = [
    ("/a/b", "/a", "b"), ("/a/b", "/a/", "b"), ("/a/b", "/", "a/b"), ("/a", "/a", ""), ("/a/", "/a", ""),
    ("/ab", "/a", nil), ("/a", "/ab", nil), ("/a", "/a/b", nil), ("a/b", "a", "b"), ("/", "/", ""),
    ("/a//b", "/a", "b"), ("b/a", "/", nil),
  ]

  @Test("a path is relative only to what it lies below", arguments: relative) func aPathIsRelativeOnlyToWhatItLiesBelow(
    path: FilePath, ancestor: FilePath, rest: FilePath?
  ) {
    #expect(path.relative(to: ancestor) == rest)
  }

  @Test("prefixes, suffixes and roots go by bytes") func prefixesSuffixesAndRootsGoByBytes() {
    #expect(FilePath("/dev/sda").hasPrefix("/dev/") && !FilePath("/de").hasPrefix("/dev/"))
    #expect(FilePath("a.img").hasSuffix(".img") && !FilePath("img").hasSuffix(".img"))
  }

  @Test("the order is that of the bytes") func theOrderIsThatOfTheBytes() {
    let paths = ["b", "a/b", "a", "B", "a.b", "ä", ""].map { FilePath($0) } + [FilePath(bytes: [0x80])]
    let sorted: [FilePath] = ["", "B", "a", "a.b", "a/b", "b", FilePath(bytes: [0x80]), "ä"]
    #expect(paths.sorted() == sorted)
  }

  /// A path and how it stands in JSON.
  static let coded: [(FilePath, String)] = [
    ("cOS/active.img", "cOS/active.img"),
    ("", ""),
    ("50 % ä", "50 % ä"),
    ("a\u{10FF80}b", "percent:a%80b"),
    (FilePath(bytes: [0x61, 0xFF, 0x20, 0x25, 0x0A]), "percent:a%FF%20%25%0A"),
    ("percent:", "percent:percent:"),
    ("percent:%41", "percent:percent:%2541"),
    (FilePath(bytes: Array("a\u{10FF80}b".utf8)), "a\u{10FF80}b"),
  ]

  @Test("a path is coded as text, or percent-encoded where it is no text", arguments: coded)
  func aPathIsCodedAsTextOrPercentEncodedWhereItIsNoText(
    path: FilePath, text: String
  ) throws {
    #expect(path.coded == text)
    let json = try JSONEncoder().encode([path])
    #expect(try JSONDecoder().decode([String].self, from: json) == [text])
    #expect(try JSONDecoder().decode([FilePath].self, from: json) == [path])
  }

  @Test(
    "a percent sign that begins no byte stands for itself",
    arguments: [
      ("percent:%", "%"), ("percent:%4", "%4"), ("percent:%zz", "%zz"), ("percent:%+5", "%+5"), ("percent:%-0", "%-0"),
      ("percent:%41%6a%6A", "Ajj"),
    ])
  func aPercentSignThatBeginsNoByteStandsForItself(text: String, path: String) throws {
    let json = try JSONEncoder().encode([text])
    #expect(try JSONDecoder().decode([FilePath].self, from: json) == [FilePath(path)])
  }

  @Test("random bytes survive coding") func randomBytesSurviveCoding() throws {
    for number in 0..<500 {
      var random = Seed.current.derived(number)
      let path = FilePath(
        bytes: (0..<Int.random(in: 0..<24, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) })
      let json = try JSONEncoder().encode([path])
      #expect(try JSONDecoder().decode([FilePath].self, from: json) == [path], "\(path.bytes), \(Seed.current)")
    }
  }

  @Test("what is shown is one line and says which bytes are no text")
  func whatIsShownIsOneLineAndSaysWhichBytesAreNoText() {
    #expect(FilePath(bytes: [0x61, 0x0A, 0x1B, 0xFF, 0x62]).display == "a\\x0a\\x1b\\xffb")
    #expect(FilePath("état").display == "état")
    #expect(FilePath(bytes: [0xFF]).utf8 == nil)
    #expect(FilePath("état").utf8 == "état")
  }
}
