import Foundation
import SpaceModel
import TestSupport
import Testing

/// The parser against another one, and against noise.
@Suite struct JSONOracleTests {
  static let documents = [
    #"{"a": [1, -2.5e3, true, false, null, "x"], "b": {"c": {}}, "d": []}"#,
    #"["é", "😀", "\u00e9\ud83d\ude00", "\\\"\/\b\f\n\r\t"]"#,
    "{\n  \"size_bytes\": 9223372036854775807,\n  \"path\": \"a b\",\n  \"list\": [[], [[]], {\"\": 0}]\n}\n",
    "[0, -0, 1.5, 100, 18446744073709551615, 1e5, 1E-5]",
  ]

  /// Python says for each line of hexadecimal bytes what it reads, as `repr`-free text, or `error`.
  private static let python = """
    import json, sys
    def plain(v):
        if v is None: return "n"
        if isinstance(v, bool): return "t" if v else "f"
        if isinstance(v, int):
            return "i%d" % v if -2**63 <= v < 2**64 else "d" + float(v).hex()
        if isinstance(v, float): return "d" + v.hex()
        if isinstance(v, str): return "s" + v.encode("utf-8").hex()
        if isinstance(v, Pairs): return "{" + ",".join(plain(k) + ":" + plain(w) for k, w in v.pairs) + "}"
        return "[" + ",".join(map(plain, v)) + "]"
    class Pairs:
        def __init__(self, pairs):
            self.pairs = pairs
            if len({k for k, _ in pairs}) != len(pairs): raise ValueError("twice")
    def refuse(word): raise ValueError(word)
    for line in sys.stdin:
        try:
            text = bytes.fromhex(line.strip()).decode("utf-8").removeprefix("\\ufeff")
            v = json.loads(text, object_pairs_hook=Pairs, parse_constant=refuse)
            print(plain(v))
        except (ValueError, OverflowError, RecursionError):
            print("error")
    """

  private static func plain(_ value: JSONValue) -> String {
    switch value.content {
    case .null: "n"
    case .flag(let flag): flag ? "t" : "f"
    case .number(.integer(let number)): "i\(number)"
    case .number(.large(let number)): "i\(number)"
    case .number(.double(let number)): "d\(number.bitPattern)"
    case .text(let text): "s" + hexadecimal(text.utf8)
    case .list(let elements): "[" + elements.map(plain).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { "s" + hexadecimal($0.key.utf8) + ":" + plain($0.value) }.joined(separator: ",") + "}"
    }
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func mutated(_ bytes: [UInt8], with seed: inout Seed) -> [UInt8] {
    var bytes = bytes
    let interesting = Array("{}[],:\"\\u/0123456789.eE+-tfn \n\t".utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xC3, 0xFF]
    for _ in 0...Int.random(in: 0...2, using: &seed) {
      guard !bytes.isEmpty else { break }
      let index = bytes.indices.randomElement(using: &seed) ?? 0
      let byte = interesting.randomElement(using: &seed) ?? 0
      switch Int.random(in: 0..<5, using: &seed) {
      case 0: bytes[index] = byte
      case 1: bytes.insert(byte, at: index)
      case 2: bytes.remove(at: index)
      case 3: bytes.removeSubrange(index...)
      default: bytes.insert(contentsOf: bytes[index...].prefix(5), at: index)
      }
    }
    return bytes
  }

  @Test("noise never crashes it, and Python reads what it reads and refuses what it refuses", .needsTool("python3"))
  func pythonReadsWhatItReads() throws {
    var seed = Seed.current.derived(41)
    let count = LongProof.count(200_000, sample: 10_000)
    let inputs = (0..<count).map { number in
      let document = Array(Self.documents[number % Self.documents.count].utf8)
      return number < Self.documents.count ? document : Self.mutated(document, with: &seed)
    }
    let lines = inputs.map { Self.hexadecimal($0) }.joined(separator: "\n") + "\n"
    let python = Self.python.replacing("float(v).hex()", with: "bits(float(v))").replacing("v.hex()", with: "bits(v)")
      .replacing(
        "import json, sys",
        with: """
          import json, math, struct, sys
          def bits(v):
              if math.isinf(v): raise OverflowError
              return str(struct.unpack("<Q", struct.pack("<d", v))[0])
          """)
    let result = try Command.check("python3", "-c", python, input: Array(lines.utf8))
    try #require(result.lines.count == count)
    var read = 0
    for (input, theirs) in zip(inputs, result.lines) {
      let ours: String
      if let value = try? JSONValue(parsing: input) {
        ours = Self.plain(value)
        read += 1
      } else {
        ours = "error"
      }
      #expect(ours == theirs, "\(Self.hexadecimal(input)) \(Seed.current)")
    }
    // Both branches were walked.
    #expect(read > count / 20 && read < count * 19 / 20)
  }
}
