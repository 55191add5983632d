import Foundation
import SpaceReport
import TestSupport
import Testing

/// The gate, as scripts and monitoring call it.
@Suite struct CheckTests {
  /// How to get each verdict from the demo disk, whose passive image is dense and whose COS_STATE is small.
  static let verdicts: [(Verdict, [String])] = [
    (.ok, ["--incoming-size", "20M", "--margin", "8M", "--ignore", "image-not-sparse"]),
    (.warning, ["--incoming-size", "20M", "--margin", "8M"]),
    (.critical, ["--margin", "8M"]),
    (.unknown, ["--label", "NO_SUCH"]),
  ]

  @Test("the verdict is the exit code, as each reader expects it") func exitCodes() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    for (verdict, words) in Self.verdicts {
      let check = ["check", "--disk", disk] + words
      let rows: [([String], GatePolicy)] = [
        ([], GatePolicy()), (["--fail-on", "warning"], GatePolicy(failOn: .warning)),
        (["--on-unknown=pass"], GatePolicy(onUnknown: .pass)),
      ]
      for (options, policy) in rows {
        for format in [ReportFormat.text, .json, .nagios, .npd, .harvesterValidator] {
          let result = try Headroom.run(arguments: check + options + ["--format", format.rawValue])
          #expect(
            result.status == policy.exitCode(verdict, format: format), "\(verdict) \(options) \(format): \(result)")
          #expect(!result.text.isEmpty && result.text.hasSuffix("\n") && !result.text.hasSuffix("\n\n"))
        }
      }
      let report = try Headroom.report(Headroom.run(arguments: check + ["--json"]))
      #expect(report.verdict == verdict)
      #expect(report.tool.command == .check)
    }
  }

  @Test("image data is read only where the verdict could turn on it, and the answer says so") func dataRead() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    func reads(_ words: String...) throws -> Bool {
      let result = try Headroom.run(arguments: ["check", "--json", "--disk", disk] + words)
      return try Headroom.report(result).partition("COS_STATE").images?.contains { $0.zeroBytes != nil } ?? false
    }
    // It does not fit whatever digging gives back: nothing it could say changes that.
    #expect(try !reads("--margin", "8M"))
    // It fits, and whether the dense image is worth a warning depends on its zeros.
    #expect(try reads("--incoming-size", "20M", "--margin", "8M"))
    #expect(try !reads("--incoming-size", "20M", "--margin", "8M", "--ignore", "image-not-sparse,image-zero-data"))
    #expect(try Headroom.run("check", "--disk", disk, "--margin", "8M").text.contains("No image data was read"))
  }

  @Test("the gate says what the audit says") func asTheAudit() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    for (verdict, words) in Self.verdicts where verdict != .ok {
      let audit = try Headroom.run(arguments: ["audit", "--json", "--disk", disk] + words)
      #expect(try Headroom.report(audit).verdict == verdict)
    }
  }

  @Test("what is ignored is listed, and a finding that does not exist is a slip") func ignored() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let words = ["check", "--disk", disk, "--incoming-size", "20M", "--margin", "8M", "--fail-on", "warning"]
    let result = try Headroom.run(arguments: words + ["--ignore", "image-not-sparse"])
    #expect(result.status == 0)
    #expect(result.text.contains("Ignored: warning image-not-sparse COS_STATE:cOS/passive.img"))
    let slip = try Headroom.run(arguments: words + ["--ignore", "image-not-spares"])
    #expect(slip.status == 64)
    #expect(slip.errors.contains("Did you mean image-not-sparse?"))
  }

  @Test("an error is an answer to those who read only standard output") func errors() throws {
    let rows: [(String, Int32, String)] = [
      ("nagios", 3, "HEADROOM UNKNOWN - "), ("npd", 2, ""), ("harvester-validator", 0, "ERROR: "),
    ]
    for (format, status, start) in rows {
      for words in [["--no-such-option"], ["--disk", "/no/such/disk"], ["--incoming", "/no/such/payload"]] {
        let result = try Headroom.run(arguments: ["check", "--format", format] + words)
        #expect(result.status == status, "\(format) \(words): \(result)")
        #expect(result.text.hasPrefix(start), "\(format) \(words): \(result)")
        #expect(!result.text.isEmpty)
      }
    }
    #expect(try Headroom.run("check", "--no-such-option").status == 64)
    #expect(try Headroom.run("check", "--incoming", "/no/such/payload").status == 3)
  }

  @Test("under the name check_headroom it is a plugin") func plugin() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let plugin = scratch.file("check_headroom")
    try FileManager.default.createSymbolicLink(atPath: plugin, withDestinationPath: try Products.headroom())
    func run(_ words: String...) throws -> Command.Result {
      try Command.run(plugin, arguments: words, environment: Headroom.environment)
    }
    for word in ["-V", "--version", "-h", "--help"] { #expect(try run(word).status == 3, "\(word)") }
    let critical = try run("-t", "60", "--disk", disk, "--margin", "8M")
    #expect(critical.status == 2)
    #expect(critical.text.hasPrefix("HEADROOM CRITICAL - "))
    #expect(critical.text.split(separator: "\n").count == 1)
    #expect(try run("-w", "80%", "--disk", disk).status == 3)
  }

  @Test("the termination message is written in place, whole, and at most 4096 bytes long") func terminationLog() throws
  {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let log = scratch.file("termination-log")
    try Data(repeating: 0x2E, count: 9000).write(to: URL(filePath: log))
    let inode = try FileManager.default.attributesOfItem(atPath: log)[.systemFileNumber] as? UInt64
    let result = try Headroom.run("check", "--disk", disk, "--margin", "8M", "--termination-log=\(log)")
    #expect(result.status == 2)
    let message = try String(contentsOfFile: log, encoding: .utf8)
    #expect(message.utf8.count <= 4096)
    #expect(message.contains("every command would exit 0"))
    #expect(!message.contains("...."))
    #expect(try FileManager.default.attributesOfItem(atPath: log)[.systemFileNumber] as? UInt64 == inode)
  }

  @Test("what is audited is not written over", arguments: ["--termination-log", "--output-file"])
  func preciousFiles(option: String) throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let before = try Command.check("stat", "-c", "%i %s %b %Y", disk).text
    let result = try Headroom.run("check", "--disk", disk, "--margin", "8M", "\(option)=\(disk)")
    #expect(result.status == 2 || result.status == 3)
    #expect(result.errors.contains("is what is being looked at"))
    #expect(try Command.check("stat", "-c", "%i %s %b %Y", disk).text == before)
  }
}
