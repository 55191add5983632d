import Foundation
import SpaceReport
import TestSupport
import Testing

@testable import SpaceModel

/// The schemas describe the model, all of it and nothing else.
@Suite struct DocumentSchemaTests {
  /// The keys that types ask for when a document is decoded, by object: all they know, set or not.
  private static func asked<Document: Decodable & Encodable>(_ document: Document) throws -> [String: Set<String>] {
    let value = try JSONValue(parsing: ReportEncoder.encode(document))
    let ledger = JSONKeyLedger(absentText: .isEmpty)
    _ = try JSONNode(value: value, path: .root, ledger: ledger).decode(Document.self)
    var found: [String: Set<String>] = [:]
    for record in ledger.records.values {
      let place = "$" + (record.node.path.depth == 0 ? "" : ".") + record.node.path.description
      found[place.replacing(/\[[0-9]+\]/, with: "[]"), default: []].formUnion(record.asked)
    }
    return found
  }

  /// Without what stands beside a key: twins and encodings.
  private static func plain(_ keys: [String: Set<String>]) -> [String: Set<String>] {
    keys.mapValues { $0.filter { !$0.hasSuffix("_encoding") && !$0.hasSuffix("_s") } }
  }

  private static func paths(_ keys: [String: Set<String>]) -> Set<String> {
    Set(keys.flatMap { place, keys in keys.map { "\(place).\($0)" } })
  }

  @Test("every key of the report is described, and nothing else") func everyKeyOfTheReportIsDescribed() throws {
    let described = Self.plain(try SchemaTree("report").keys())
    #expect(Self.paths(described) == Self.paths(Self.plain(try Self.asked(Samples.full()))))
    #expect(described.count > 20)
  }

  @Test("every key of a payload card is described, and nothing else") func everyKeyOfACardIsDescribed() throws {
    let described = Self.plain(try SchemaTree("payload").keys())
    #expect(Self.paths(described) == Self.paths(Self.plain(try Self.asked(Samples.fullCard()))))
  }

  @Test("every key of a fleet report is described, and nothing else") func everyKeyOfAFleetReportIsDescribed() throws {
    let described = Self.plain(try SchemaTree("fleet").keys())
    #expect(Self.paths(described) == Self.paths(Self.plain(try Self.asked(Samples.fullFleet()))))
  }

  @Test("every key of what reclaim and copy write is described, and nothing else") func everyKeyOfReclaimAndCopy()
    throws
  {
    let described = Self.plain(try SchemaTree("reclaim").keys())
    #expect(Self.paths(described) == Self.paths(Self.plain(try Self.asked(Samples.fullReclaim()))))
    let written = try Samples.copies().map { result in
      try #require(
        try JSONSerialization.jsonObject(with: Data(CopyJSON.document(result))) as? [String: Any]
      ).keys
    }
    let keys = Set(written.joined()).filter { !$0.hasSuffix("_s") }
    #expect(keys == Set(try #require(SchemaTree("copy").keys()["$"])))
  }

  @Test("the full sample leaves no key out") func theFullSampleLeavesNoKeyOut() throws {
    func written(_ value: Any, _ place: String) -> Set<String> {
      switch value {
      case let object as [String: Any]:
        object.reduce(into: []) { $0.formUnion(written($1.value, "\(place).\($1.key)").union(["\(place).\($1.key)"])) }
      case let list as [Any]: list.reduce(into: []) { $0.formUnion(written($1, place + "[]")) }
      default: []
      }
    }
    for (document, schema) in [
      (try ReportEncoder.encode(Samples.full()), DocumentSchema.report),
      (try ReportEncoder.encode(Samples.fullCard()), .payload), (try ReportEncoder.encode(Samples.fullFleet()), .fleet),
      (try ReportEncoder.encode(Samples.fullReclaim()), .reclaim),
    ] {
      let object = try JSONSerialization.jsonObject(with: Data(document))
      #expect(written(object, "$") == Self.paths(Self.plain(try SchemaTree(schema.rawValue).keys())))
    }
    let raw = try JSONSerialization.jsonObject(with: Data(ReportEncoder.encode(Samples.raw)))
    #expect(
      written(raw, "$").filter { $0.hasSuffix("_encoding") }
        == Self.paths(try SchemaTree("report").keys()).filter { $0.hasSuffix("_encoding") })
  }

  @Test("the partition list describes keys of the report's partitions") func thePartitionList() throws {
    let list = try #require(try SchemaTree("partitions").keys()["$.partitions[]"])
    #expect(list.isSubset(of: try #require(try SchemaTree("report").keys()["$.partitions[]"])))
  }

  @Test("what two schemas define is the same in both") func whatTwoSchemasDefineIsTheSame() throws {
    var seen: [String: NSDictionary] = [:]
    for schema in DocumentSchema.allCases {
      for (name, definition) in try SchemaTree(schema.rawValue).definitions {
        let definition = definition as NSDictionary
        #expect(seen[name] == nil || seen[name] == definition, "\(schema): \(name)")
        seen[name] = definition
      }
    }
  }

  @Test("every key says what it is, and bytes say their unit", arguments: DocumentSchema.allCases)
  func everyKeySaysWhatItIs(schema: DocumentSchema) throws {
    let tree = try SchemaTree(schema.rawValue)
    #expect((tree.root["$id"] as? String)?.hasSuffix("/\(schema.rawValue)-1.json") == true)
    for (key, property) in tree.properties() {
      let isConstant = property["const"] != nil
      #expect((property["description"] as? String)?.isEmpty == false || isConstant, "\(schema): \(key)")
      if key.hasSuffix("_bytes"), !isConstant {
        #expect((property["description"] as? String)?.hasSuffix("In bytes.") == true, "\(schema): \(key)")
        #expect(["#/$defs/size", "#/$defs/balance"].contains(property["$ref"] as? String), "\(schema): \(key)")
      }
    }
  }

  @Test("docs/schema has what the executable carries", arguments: DocumentSchema.allCases)
  func docsHaveWhatTheExecutableCarries(schema: DocumentSchema) throws {
    let file = URL(fileURLWithPath: try SchemaTree(schema.rawValue).path)
    #expect(try Array(Data(contentsOf: file)) == schema.document)
    #expect(try Command.check(Products.headroom(), "schema", schema.rawValue).output == schema.document)
    if schema == .report { #expect(try Command.check(Products.headroom(), "schema").output == schema.document) }
  }
}
