import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// What a support bundle does to a report, and what must not be in one.
@Suite struct SupportBundleTests {
  /// support-bundle-kit exports resources as YAML and rewrites the text: an unescaped `""` becomes `"null"`, and
  /// `"key":null,` becomes `"key":"null",` where the key is letters only. It does so inside embedded documents too.
  private static func exported(_ text: String) -> String {
    text.replacing("\"\"", with: "\"null\"").replacing(/"([A-Za-z]+)":null,/) { "\"\($0.output.1)\":\"null\"," }
  }

  @Test("a report in a ConfigMap survives the bundle's YAML export") func aReportSurvivesTheYAMLExport() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("interrupted-upgrade", in: scratch)
    var report = try Headroom.audit("--disk", disk)
    // What the rewriting must not find: texts that are empty, and quotation marks side by side.
    report.findings[0].message = ""
    report.limits.append(Limit("x", "he said \"\" and \"a\":null, twice: \u{E9}\n- b: |"))
    report.limits.append(Limit("y", "called \"y\""))
    report.limits.append(Limit("z", "\""))
    for indented in [true, false] {
      let document = try ReportEncoder.encode(report, indented: indented)
      let text = String(decoding: document, as: UTF8.self)
      #expect(Self.exported(text) == text)
      #expect(try ReportDecoder.decode(document, path: "report.json") == report)
      try Self.carry(document, in: scratch)
    }
  }

  /// Writes it into a ConfigMap's YAML, has that rewritten, and reads it back.
  private static func carry(_ document: [UInt8], in scratch: ScratchDirectory) throws {
    // The writer may fold, quote and escape as it likes.
    let file = try scratch.write(document, to: "report.json")
    let write = """
      import sys, yaml
      text = open(sys.argv[1], encoding='utf-8').read()
      yaml.safe_dump({'kind': 'ConfigMap', 'data': {'report.json': text}}, sys.stdout, width=int(sys.argv[2]),
                     default_style=sys.argv[3] or None, allow_unicode=sys.argv[3] == '"')
      """
    let read = "import sys, yaml; sys.stdout.write(yaml.safe_load(sys.stdin.buffer)['data']['report.json'])"
    for (width, style) in [("80", ""), ("1000000", "\""), ("60", "|"), ("80", ">"), ("80", "'")] {
      let yaml = try Command.check("/usr/bin/python3", "-c", write, file, width, style).text
      let bundled = exported(yaml)
      let back = try Command.check("/usr/bin/python3", "-c", read, input: Array(bundled.utf8)).output
      #expect(back == document, "style \(style)")
    }
  }

  @Test("two runs on a disk that did not change differ in the time alone, and a node's report is below 64 KiB")
  func twoRunsDifferInTheTimeAlone() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    for command in ["audit", "plan", "verify"] {
      let runs = try ["1700000000", "1800000000"].map { epoch in
        try Headroom.run(command, "--json", "--disk", disk, environment: ["SOURCE_DATE_EPOCH": epoch]).text
      }
      #expect(runs[0] != runs[1])
      #expect(
        runs[0].replacing("\"2023-11-14T22:13:20Z\"", with: "T")
          == runs[1].replacing("\"2027-01-15T08:00:00Z\"", with: "T"))
      #expect(runs[0].utf8.count < 64 << 10)
      let lines = try NDJSONReport(ReportDecoder.decode(Array(runs[0].utf8), path: "r.json")).render()
      #expect(lines.count < 64 << 10)
    }
  }

  @Test("so do two runs on a mounted filesystem", .needsRootAndLoop) func twoRunsOnAMountedFilesystem() throws {
    let state = try StateFilesystem()
    try state.addImages()
    try state.mounted(options: ["ro"]) { _, device in
      for command in [["audit"], ["verify"], ["audit", "--quick"]] {
        let runs = try (0..<2).map { _ in
          try Headroom.run(
            arguments: command + ["--json", "--device", device], environment: ["SOURCE_DATE_EPOCH": "1700000000"])
        }
        #expect(runs[0].text == runs[1].text && runs[0].text.contains("\"state\": \"mounted\""), "\(runs[0])")
      }
    }
  }

  @Test("no output names what identifies a machine", .needsTool("blkid", "sfdisk", "dumpe2fs"))
  func noOutputNamesWhatIdentifiesAMachine() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk("interrupted-upgrade", in: scratch)
    let secrets = try Self.identifiers(of: disk)
    #expect(secrets.count > 8, "\(secrets)")
    let label = ["--disk", disk, "--label", "COS_STATE"]
    var outputs: [String] = []
    for command in [
      ["audit", "--disk", disk, "--all"], ["audit", "--disk", disk, "--bytes", "--verbose"], ["plan", "--disk", disk],
      ["verify", "--disk", disk], ["partitions", "--disk", disk], ["map"] + label + ["cOS/passive.img"],
    ] {
      for format in [[], ["--json"]] {
        let result = try Headroom.run(arguments: command + format)
        outputs += [result.text, result.errors]
        guard let report = try? ReportDecoder.decode(result.output, path: "r.json") else { continue }
        for format in ReportFormat.allCases {
          let rendered = try ReportRenderer(report, style: TextStyle(width: 100, unicode: true)).render(as: format)
          outputs.append(String(decoding: rendered, as: UTF8.self))
        }
      }
    }
    let all = outputs.joined(separator: "\n").lowercased()
    for secret in secrets { #expect(!all.contains(secret), "\(secret)") }
    // Nor anything of that form, wherever it may come from.
    #expect(all.firstMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/) == nil)
    #expect(all.firstMatch(of: /\/dev\/disk\/by-|wwn-0x|nvme-eui/) == nil)
  }

  /// UUIDs of the table, its partitions and their filesystems, with and without dashes, and this machine's own.
  private static func identifiers(of disk: String) throws -> Set<String> {
    let table = try Command.check("sfdisk", "--json", disk).text
    var found = table.matches(of: /[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/).map { String($0.output.0) }
    for match in table.matches(of: /"start": *([0-9]+), *"size": *([0-9]+)/) {
      let (start, size) = (Int(match.output.1) ?? 0, Int(match.output.2) ?? 0)
      let probe = try Command.run("blkid", "-p", "-O", "\(start * 512)", "-S", "\(size * 512)", "-o", "export", disk)
      found += probe.lines.filter { $0.hasPrefix("UUID=") || $0.hasPrefix("PART_ENTRY_UUID=") }
        .map { String($0.drop { $0 != "=" }.dropFirst()) }
    }
    for file in ["/etc/machine-id", "/sys/class/dmi/id/product_uuid", "/sys/class/dmi/id/product_serial"] {
      let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      found.append(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    // The types of a GPT are the same on every machine; no output names them either. A FAT's is nine characters.
    let whole = found.map { $0.lowercased() }.filter { $0.count >= 9 }
    return Set(whole + whole.map { $0.replacing("-", with: "") })
  }

  @Test("the audit of this machine names none either", .needsRoot) func theAuditOfThisMachineNamesNone() throws {
    let secrets = ["/etc/machine-id", "/proc/sys/kernel/random/boot_id"].compactMap { file in
      (try? String(contentsOfFile: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }.filter { $0.count > 8 }
    for command in [["audit", "--quick", "--label", "COS_STATE"], ["partitions"]] {
      let text = try Headroom.run(arguments: command + ["--json"]).text
      for secret in secrets { #expect(!text.contains(secret) && !text.contains(secret.replacing("-", with: ""))) }
    }
  }
}
