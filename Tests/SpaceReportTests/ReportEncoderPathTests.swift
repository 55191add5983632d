import SpaceModel
import SpaceReport
import Testing

@Suite("Paths and shared objects in a report's JSON") struct ReportEncoderPathTests {
  private func json(_ value: some Encodable) throws -> String {
    String(decoding: try ReportEncoder.encode(value, indented: false), as: UTF8.self)
  }

  struct Two: Encodable {
    enum First: CodingKey { case a }
    enum Second: CodingKey { case b, c }

    func encode(to encoder: any Encoder) throws {
      var first = encoder.container(keyedBy: First.self)
      try first.encode([1, 2], forKey: .a)
      var second = encoder.container(keyedBy: Second.self)
      try second.encode("x", forKey: .b)
      try Place(path: "p").encode(to: encoder)
      try second.encode(3, forKey: .c)
    }
  }

  @Test("what a type adds to another's object goes into the same") func whatATypeAddsGoesIntoTheSameObject() throws {
    #expect(try json([Two()]) == #"[{"a":[1,2],"b":"x","path":"p","others":[],"last":1,"c":3}]"# + "\n")
  }

  struct Place: Encodable {
    var path: FilePath
    var others: [FilePath] = []
    var last = 1
  }

  static let paths: [(FilePath, String)] = [
    ("cOS/é.img", #"{"path":"cOS/é.img","others":[],"last":1}"#),
    (
      FilePath(bytes: [0x61, 0x2F, 0xFF, 0x25]),
      #"{"path":"a/%FF%25","path_encoding":"percent","others":[],"last":1}"#
    ),
    (FilePath(bytes: [0x61, 0x0A]), #"{"path":"a\n","others":[],"last":1}"#),
  ]

  @Test("a path that is not UTF-8 says so", arguments: paths) func aPathThatIsNotUTF8SaysSo(
    path: FilePath, expected: String
  ) throws {
    #expect(try json(Place(path: path)) == expected + "\n")
  }

  @Test("in an array a path that is not UTF-8 is marked in place") func inAnArrayAPathThatIsNotUTF8IsMarkedInPlace()
    throws
  {
    let place = Place(path: "a", others: ["b", FilePath(bytes: [0xFF])])
    #expect(try json(place) == #"{"path":"a","others":["b","percent:%FF"],"last":1}"# + "\n")
  }
}
