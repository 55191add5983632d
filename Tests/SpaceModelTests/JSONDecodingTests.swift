import SpaceModel
import Testing

@Suite struct JSONDecodingTests {
  enum Color: String, Decodable, CaseIterable { case red, green, blue = "deep-blue" }
  enum Size: String, Decodable { case small, large }
  struct Word: RawRepresentable, Decodable, Equatable { var rawValue: String }

  struct Image: Decodable, Equatable {
    var bytes: ByteCount
    var count: UInt8?
    var path: FilePath?
    var paths: [FilePath]?
    var color: Color?
    var size: Size?
    var word: Word?
    var ratio: Double?
    var sparse: Bool?
  }

  struct Document: Decodable, Equatable {
    var name: String
    var image: Image?
    var images: [Image]?
    var map: HoleMap?
    var counts: [String: Int]?
  }

  private func decode(
    _ json: String, _ unknownKeys: JSONValue.UnknownKeys = .ignored
  ) throws(JSONError) -> Document {
    try JSONValue(parsing: Array(json.utf8)).decode(Document.self, unknownKeys: unknownKeys)
  }

  static let bad: [(String, String)] = [
    ("[]", "line 1, column 1: expected an object, found a list"),
    ("{\n}", "line 1, column 1: the key \"name\" is missing"),
    ("{\"name\": 5}", "line 1: name: expected text, found 5"),
    ("{\"name\": null}", "line 1: name: expected text, found null"),
    ("{\"nmae\": \"a\"}", "line 1, column 1: the key \"name\" is missing; did you mean it by \"nmae\" in line 1?"),
    ("{\"name\": \"a\",\n\"image\": 1}", "line 2: image: expected an object, found 1"),
    ("{\"name\": \"a\",\n\"images\": {}}", "line 2: images: expected a list, found an object"),
    ("{\"name\": \"a\",\n\"image\": {\n}}", "line 2: image: the key \"bytes\" is missing"),
    ("{\"name\": \"a\", \"image\": {\n\"bytes\": \"5\"}}", "line 2: image.bytes: expected a whole number, found text"),
    (
      "{\"name\": \"a\", \"images\": [{\"bytes\": 1},\n{\"bytes\": 1.5}]}",
      "line 2: images[1].bytes: expected a whole number, found 1.5"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 9223372036854775808}}",
      "line 1: image.bytes: expected a whole number from -9223372036854775808 to 9223372036854775807, "
        + "found 9223372036854775808"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"count\": -1}}",
      "line 1: image.count: expected a whole number from 0 to 255, found -1"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1,\n\"bytes_s\": \"1x\"}}",
      "line 2: image.bytes_s: expected a whole number in quotation marks, found \"1x\""
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"color\":\n\"pink\"}}",
      "line 2: image.color: \"pink\" is not known here, expected red, green or deep-blue"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"size\": \"huge\"}}",
      "line 1: image.size: \"huge\" is not known here"
    ),
    ("{\"name\": \"a\", \"image\": {\"bytes\": 1, \"color\": true}}", "line 1: image.color: expected text, found true"),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"sparse\": 1}}",
      "line 1: image.sparse: expected true or false, found 1"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"ratio\": []}}",
      "line 1: image.ratio: expected a number, found a list"
    ),
    ("{\"name\": \"a\", \"image\": {\"bytes\": 1, \"path\": 1}}", "line 1: image.path: expected a path, found 1"),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"path\": \"a\\u0000b\"}}",
      "line 1: image.path: a path holds no zero byte"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"path\": \"a\",\n\"path_encoding\": \"base64\"}}",
      "line 2: image.path_encoding: expected \"percent\", the only encoding of paths"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"paths\": [\"a\",\n2]}}",
      "line 2: image.paths[1]: expected a path, found 2"
    ),
    (
      "{\"name\": \"a\", \"map\": {\"cell_bytes\": 1,\n\"cells\": \"12q\"}}",
      "line 2: map.cells: not a run-length coded hole map"
    ),
    (
      "{\"name\": \"a\", \"counts\": {\"a\": 1,\n\"b\\n\": \"x\"}}",
      "line 2: counts.b\\x0a: expected a whole number, found text"
    ),
  ]

  @Test("what does not fit is named with its line and keys", arguments: bad)
  func whatDoesNotFitIsNamedWithItsLineAndKeys(json: String, message: String) throws {
    let error = #expect(throws: JSONError.self) { try decode(json) }
    #expect(error?.description == message)
  }

  static let unknown: [(String, String)] = [
    (
      "{\"name\": \"a\",\n\"imgae\": 1}",
      "line 2, column 1: the key \"imgae\" is not known here; did you mean \"image\"?"
    ),
    ("{\"name\": \"a\",\n\"zzzzzz\": 1}", "line 2, column 1: the key \"zzzzzz\" is not known here"),
    (
      "{\"name\": \"a\", \"images\": [{\"bytes\": 1}, {\"bytes\": 2,\n\"Color\": \"red\"}]}",
      "line 2: images[1]: the key \"Color\" is not known here; did you mean \"color\"?"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1,\n\"x1\": 1},\n\"x2\": 1}",
      "line 2: image: the key \"x1\" is not known here"
    ),
    (
      "{\"name\": \"a\", \"name_s\": \"b\"}",
      "line 1, column 15: the key \"name_s\" is not known here; did you mean \"name\"?"
    ),
    (
      "{\"name\": \"a\", \"image\": {\"bytes\": 1, \"bytes_s\": 2}}",
      "line 1: image: the key \"bytes_s\" is not known here; did you mean \"bytes\"?"
    ),
  ]

  @Test("keys that nobody knows are refused with the nearest one, or ignored", arguments: unknown)
  func keysThatNobodyKnowsAreRefusedOrIgnored(json: String, message: String) throws {
    let error = #expect(throws: JSONError.self) { try decode(json, .refused) }
    #expect(error?.description == message)
    #expect(throws: Never.self) { try decode(json) }
  }

  @Test("twins are known keys and exact") func twinsAreKnownKeysAndExact() throws {
    let json = #"""
      {"name": "a", "image": {"bytes": 9007199254740992, "bytes_s": "9007199254740993", "count": 1e2,
       "path": "a/%FF%25", "path_encoding": "percent", "paths": ["b", "percent:%FF", "per%25"],
       "color": "deep-blue", "size": null, "word": "new", "ratio": 2, "sparse": false}, "counts": {"x": -1, "y": 2}}
      """#
    let image = try #require(try decode(json, .refused).image)
    #expect(image.bytes == ByteCount(9_007_199_254_740_993))
    #expect(image.count == 100)
    #expect(image.path == FilePath(bytes: [0x61, 0x2F, 0xFF, 0x25]))
    #expect(image.paths == ["b", FilePath(bytes: [0xFF]), "per%25"])
    #expect(image.color == .blue)
    #expect(image.size == nil)
    #expect(image.word == Word(rawValue: "new"))
    #expect(image.ratio == 2)
    #expect(image.sparse == false)
    #expect(try decode(json).counts == ["x": -1, "y": 2])
  }

  @Test("a path that only looks marked is taken as it is") func aPathThatOnlyLooksMarkedIsTakenAsItIs() throws {
    let json = #"{"name": "a", "image": {"bytes": 1, "path": "percent:%41"}}"#
    #expect(try decode(json).image?.path == "percent:%41")
  }

  @Test("a number that another tool has rounded is no whole number unless its twin says which")
  func aRoundedNumberNeedsItsTwin() throws {
    #expect(throws: JSONError.self) { try decode(#"{"name": "a", "image": {"bytes": 9.3e18}}"#) }
    let twin = #"{"name": "a", "image": {"bytes": 9.22e18, "bytes_s": "9223372036854775807"}}"#
    #expect(try decode(twin).image?.bytes == ByteCount(.max))
  }

  struct Texts: Decodable, Equatable {
    var name: String
    var path: FilePath
    var nested: [Inner]
    struct Inner: Decodable, Equatable { var text: String }
  }

  @Test("a text that is absent is an empty one where that is asked for, and other keys are not")
  func aTextThatIsAbsentIsAnEmptyOne() throws {
    func read(_ json: String, _ absentText: JSONValue.AbsentText) throws -> Texts {
      try JSONValue(parsing: Array(json.utf8)).decode(absentText: absentText)
    }
    #expect(try read(#"{"nested": [{}]}"#, .isEmpty) == Texts(name: "", path: "", nested: [.init(text: "")]))
    #expect(throws: JSONError.self) { try read(#"{"nested": [{}]}"#, .refused) }
    #expect(throws: JSONError.self) { try read(#"{"name": "a", "path": "b"}"#, .isEmpty) }
    #expect(throws: JSONError.self) { try read(#"{"name": 1, "nested": []}"#, .isEmpty) }
  }
}
