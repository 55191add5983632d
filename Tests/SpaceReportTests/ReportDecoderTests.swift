import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

@Suite struct ReportDecoderTests {
  private func error(_ text: String) -> StorageError? {
    #expect(throws: StorageError.self) { try ReportDecoder.decode(Array(text.utf8), path: "r.json") }
  }

  private static func encoded(_ report: Report, indented: Bool = true) throws -> String {
    String(decoding: try ReportEncoder.encode(report, indented: indented), as: UTF8.self)
  }

  private static let raw = FilePath(bytes: [0x61, 0xFF, 0x25, 0x20, 0x0A])

  /// Values that are hard to carry, each optional one set or not by chance.
  static func strange(_ seed: inout Seed) -> Report {
    func some<Value>(_ value: Value) -> Value? { Bool.random(using: &seed) ? value : nil }
    func bytes() -> ByteCount {
      let all: [Int64] = [0, 1, -1, 1 << 53 - 1, 1 << 53, 1 << 53 + 1, -(1 << 53) - 1, .max, .min]
      return ByteCount(all.randomElement(using: &seed) ?? 0)
    }
    func path() -> FilePath {
      let all: [FilePath] = ["", "a", "cOS/é.img", raw, "percent:%41", FilePath(bytes: [0xC3]), "a\"\\\u{1}\u{7F}\nb"]
      return all.randomElement(using: &seed) ?? ""
    }
    func word() -> String { ["x", "é😀", "\u{10FFFF}", "e\u{301}", "\"\\\n"].randomElement(using: &seed) ?? "x" }
    // An empty text is written as none: it comes back where a text must be, but not where one may be absent.
    func text() -> String { Bool.random(using: &seed) ? "" : word() }
    func place() -> FilePath { ["a", raw, "percent:%41"].randomElement(using: &seed) ?? "a" }
    var image = ImageUsage(
      path: path(), role: .snapshot, apparentBytes: bytes(), allocatedBytes: bytes(), mapSource: .seek)
    image.hardLinkOf = some(place())
    image.dataBytes = some(bytes())
    image.holeBytes = some(bytes())
    image.unwrittenBytes = some(bytes())
    image.pastEofBytes = some(bytes())
    image.metadataBytes = some(bytes())
    image.sharedBytes = some(bytes())
    image.zeroBytes = some(bytes())
    image.reclaimableBytes = some(bytes())
    image.reclaimableBasis = some(.estimate)
    image.reclaimableReasons = some([.shared, .notAllRead])
    image.sparse = some(Bool.random(using: &seed))
    image.extentCount = some(.max)
    image.fragmentCount = some(0)
    image.inUse = some(ImageInUse(by: text(), writable: true))
    image.os = some(OperatingSystem(prettyName: some(word()), version: some(word())))
    image.inner = some(InnerFilesystem(filesystemType: text()))
    image.inner?.staleBytes = some(bytes())
    image.map = some(HoleMap(cellBytes: bytes(), cells: [.data, .data, .mostlyHole]))
    var partition = Partition(device: path(), state: .offline, mountpoints: [place(), raw, place()])
    partition.filesystemLabel = some(word())
    partition.usableBytes = some(bytes())
    partition.inodesFree = some(bytes().bytes)
    partition.features = some([word(), word()])
    partition.leftovers = some([Partition.Leftover(path: path(), allocatedBytes: bytes())])
    partition.totals = some(Partition.Totals(allocatedBytes: bytes(), reclaimableBytes: some(bytes())))
    partition.images = some([image, image])
    return Samples.report(
      [partition], findings: [Finding(.init(rawValue: word()), .info, target: text(), message: text())],
      limits: [Limit(text(), text())], node: some(word()))
  }

  @Test("what was written is read and written again byte for byte") func whatWasWrittenIsWrittenAgain() throws {
    var seed = Seed.current.derived(42)
    var reports = ReportEncoderTests.reports
    for _ in 0..<LongProof.count(20_000, sample: 500) { reports.append(Self.strange(&seed)) }
    for (number, report) in reports.enumerated() {
      let bytes = try ReportEncoder.encode(report, indented: number % 2 == 0)
      let read = try ReportDecoder.decode(bytes, path: "r.json")
      #expect(try ReportEncoder.encode(read, indented: number % 2 == 0) == bytes, "\(Seed.current)")
      #expect(read == report, "\(Seed.current)")
    }
  }

  @Test("an audit of a node's disk is read and written again byte for byte") func anAuditOfANodesDiskIsWrittenAgain()
    throws
  {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let document = try Command.check(Products.headroom(), "audit", "--disk", disk, "--json").output
    #expect(try ReportEncoder.encode(ReportDecoder.decode(document, path: "r.json")) == document)
    for (command, arguments) in [
      ("partitions", ["partitions", "--disk", disk, "--json"]), ("map", ["map", disk, "--json", "--summary"]),
    ] {
      let other = try Command.check(Products.headroom(), arguments: arguments).text
      #expect(error(other)?.message == "it is the output of 'headroom \(command)'")
    }
  }

  @Test("a report that jq has rewritten is the same report", .needsTool("jq")) func aReportThatJqHasRewritten() throws {
    var seed = Seed.current.derived(43)
    for _ in 0..<10 {
      let report = Self.strange(&seed)
      let bytes = try ReportEncoder.encode(report)
      // jq keeps numbers as doubles: what it rounds is exact in the twins.
      let rewritten = try Command.check("jq", "-S", ".", input: bytes).output
      let read = try ReportDecoder.decode(rewritten, path: "r.json")
      #expect(try ReportEncoder.encode(read) == bytes, "\(Seed.current)")
    }
  }

  @Test("keys of a newer minor version are ignored, another major one is refused") func versions() throws {
    let text = try Self.encoded(Samples.incident())
    let newer = text.replacing("\"schema_version\": \"1.0\"", with: "\"schema_version\": \"1.9\", \"new\": [{}]")
    var read = try ReportDecoder.decode(Array(newer.utf8), path: "r.json")
    #expect(read.schemaVersion == "1.9")
    read.schemaVersion = "1.0"
    #expect(try Self.encoded(read) == text)

    let major = error(text.replacing("\"schema_version\": \"1.0\"", with: "\"schema_version\": \"2.0\""))
    #expect(major?.code == .unsupported)
    #expect(
      major?.description == """
        cannot read the report 'r.json': its schema version is 2.0, and this headroom reads 1.x
          hint: Use a newer headroom.
        """)
    let huge = error("{\"schema_version\": \"99999999999999999999999.0\", \"verdict\": 1}")
    #expect(huge?.hint == "Use a newer headroom.")
    #expect(error("{\"schema_version\": \"0.9\", \"verdict\": 1}")?.hint == "Use the headroom that wrote it.")
    for version in ["\"1\"", "\"v1.0\"", "\"1.0.0\"", "\"-1.0\"", "1.0", "\"\""] {
      let bad = error("{\"schema_version\": \(version), \"verdict\": 1}")
      #expect(bad?.code == .corrupt)
      #expect(bad?.message == "line 1: schema_version: expected a version like \"1.0\"")
    }
  }

  static let others: [(String, String)] = [
    (#"{"path": "a", "apparent_bytes": 1, "map_source": "seek"}"#, "it is the output of 'headroom map'"),
    (#"[{"path": "a", "apparent_bytes": 1, "map_source": "seek"}]"#, "it is the output of 'headroom map'"),
    (#"{"schema_version": "1.0", "partitions": [], "limits": []}"#, "it is the output of 'headroom partitions'"),
    (#"{"source": {}, "system": {}, "excludes": [], "census": {}}"#, "it is a payload card"),
    (#"{"schema_version": "1.0", "payload": {"census": {}}}"#, "it is a payload card"),
    (#"{"name": "x"}"#, "it is no report: the key \"schema_version\" is missing"),
    ("[]", "it is no report but a list"), ("5", "it is no report but a number"),
  ]

  @Test("other documents are refused by name", arguments: others)
  func otherDocumentsAreRefusedByName(text: String, message: String) {
    let error = error(text)
    #expect(error?.code == .wrongType)
    #expect(error?.message == message)
    #expect(error?.hint == "Give the output of 'headroom audit --json'.")
  }

  @Test("what is wrong in a report is named with its line") func whatIsWrongIsNamedWithItsLine() throws {
    let text = try Self.encoded(Samples.incident())
    #expect(error("")?.message == "line 1, column 1: the text is empty")
    #expect(error(String(text.dropLast(3)))?.code == .corrupt)
    let line = try #require(text.split(separator: "\n").firstIndex { $0.contains("\"role\": \"active\"") }) + 1
    let role = error(text.replacing("\"role\": \"active\"", with: "\"role\": \"chief\""))
    #expect(role?.message == "line \(line): partitions[1].images[0].role: \"chief\" is not known here")
    let verdict = error(text.replacing("\"verdict\": \"warning\"", with: "\"verdict\": \"fine\""))
    #expect(verdict?.message.hasSuffix("\"fine\" is not known here, expected ok, warning, critical or unknown") == true)
    #expect(verdict?.hint == "A report is what 'headroom audit --json' writes; save it again.")
  }

  @Test("a damaged report never crashes it") func aDamagedReportNeverCrashesIt() throws {
    var seed = Seed.current.derived(44)
    let whole = try ReportEncoder.encode(Samples.incident(), indented: false)
    let spare = Array("{}[]\",:0-e.\\n".utf8)
    var read = 0
    let count = LongProof.count(50_000, sample: 1_000)
    for _ in 0..<count {
      var bytes = whole
      let index = bytes.indices.randomElement(using: &seed) ?? 0
      switch Int.random(in: 0..<4, using: &seed) {
      case 0: bytes[index] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &seed)
      case 1: bytes[index] = spare.randomElement(using: &seed) ?? 0
      case 2: bytes.removeSubrange(index..<min(index + Int.random(in: 1..<40, using: &seed), bytes.count))
      default: bytes.removeSubrange(index...)
      }
      do {
        _ = try ReportDecoder.decode(bytes, path: "r.json")
        read += 1
      } catch {
        #expect(!error.message.isEmpty && !error.message.contains("\n"), "\(Seed.current)")
      }
    }
    #expect(read > 0 && read < count)
  }
}
