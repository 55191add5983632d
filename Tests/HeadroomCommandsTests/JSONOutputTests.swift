import Foundation
import TestSupport
import Testing

/// JSON for machines: it parses, holds no null and no empty text, and is the same twice.
@Suite struct JSONOutputTests {
  @Test("every command's JSON parses and holds no null and no empty text")
  func everyCommandsJSONParsesAndHoldsNoNullAndNoEmptyText() throws {
    let scratch = try ScratchDirectory()
    for scenario in ["interrupted-upgrade", "elemental-v2"] {
      let disk = try Products.nodeDisk(scenario, in: scratch)
      var commands = [
        ["audit", "--json", "--disk", disk], ["audit", "-J", "--quick", "--disk", disk],
        ["audit", "--format", "json", "--all", "--disk", disk], ["partitions", "--json", "--disk", disk],
        ["partitions", "--json"], ["audit", "--json", "--image", disk], ["map", "--json", disk],
        ["map", "--json", "--summary", disk, disk],
      ]
      if scenario == "interrupted-upgrade" {
        let inside = ["--disk", disk, "--label", "COS_STATE", "cOS/passive.img"]
        commands += [["map", "--json", "--zeros"] + inside, ["map", "--json"] + inside + ["cOS/active.img"]]
      }
      for command in commands {
        let first = try Headroom.run(arguments: command, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
        #expect(first.status == 0, "\(command) \(first.errors)")
        let document = try JSONSerialization.jsonObject(with: Data(first.output))
        #expect(Self.offences(document, "$") == [], "\(command)")
        #expect(first.output.last == UInt8(ascii: "\n"))
        // What other tests attach to this machine comes and goes, and its free space with them.
        guard command != ["partitions", "--json"], !command.contains("--image") else { continue }
        let second = try Headroom.run(arguments: command, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
        #expect(first.text == second.text, "\(command)")
      }
      let report = try Headroom.run("audit", "--json", "--disk", disk, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
      #expect(report.text.contains("\"generated_at\": \"2023-11-14T22:13:20Z\""))
    }
  }

  @Test("keys have units and the order of the document") func keysHaveUnitsAndTheOrderOfTheDocument() throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 16, mkfsArguments: ["-L", "X"])
    let text = try Headroom.run("audit", "--json", "--disk", image).text
    let keys = text.split(separator: "\n").compactMap { line -> Substring? in
      let trimmed = line.drop { $0 == " " }
      return line.hasPrefix("  \"") ? trimmed.dropFirst().prefix { $0 != "\"" } : nil
    }
    #expect(
      keys == [
        "schema_version", "generated_at", "tool", "host", "verdict", "limits", "partitions", "projections", "findings",
      ])
    #expect(text.contains("\"schema_version\": \"1.0\""))
  }

  /// Paths of all nulls, empty texts and empty objects.
  private static func offences(_ value: Any, _ place: String) -> [String] {
    switch value {
    case let object as [String: Any]:
      return (object.isEmpty && place != "$.host" ? [place] : [])
        + object.flatMap { offences($0.value, "\(place).\($0.key)") }
    case let array as [Any]: return array.enumerated().flatMap { offences($0.element, "\(place)[\($0.offset)]") }
    case let text as String: return text.isEmpty ? [place] : []
    case is NSNull: return [place]
    default: return []
    }
  }
}
