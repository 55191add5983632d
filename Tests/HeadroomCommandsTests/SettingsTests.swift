import Foundation
import SpaceReport
import TestSupport
import Testing

/// What a site has decided: in a file, in the environment, on the command line.
@Suite struct SettingsTests {
  private func check(_ words: [String], _ environment: [String: String] = [:]) throws -> Command.Result {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    return try Headroom.run(
      arguments: ["check", "--disk", disk, "--incoming-size", "20M"] + words, environment: environment)
  }

  private func file(_ text: String, in scratch: ScratchDirectory) throws -> String {
    let path = scratch.file("config.json")
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  @Test("the command line goes before the environment, and that before the file") func order() throws {
    let scratch = try ScratchDirectory()
    let config = try file(#"{"margin": "8M", "fail_on": "warning", "ignore": ["image-not-sparse"]}"#, in: scratch)
    // By the file: nothing is left to warn of.
    #expect(try check(["--config", config]).status == 0)
    #expect(try check([], ["HEADROOM_CONFIG": config]).status == 0)
    // The environment ignores another finding; the dense image counts again.
    #expect(try check(["--config", config], ["HEADROOM_IGNORE": "image-zero-data"]).status == 1)
    #expect(
      try check(["--config", config, "--fail-on", "critical"], ["HEADROOM_IGNORE": "image-zero-data"]).status == 0)
    // A margin of the command line: less is left than that.
    #expect(try check(["--config", config, "--margin", "1G"]).status == 1)
    #expect(try check(["--config", "none", "--margin", "8M", "--fail-on", "warning"]).status == 1)
  }

  @Test(
    "what means nothing there is said with its place, and is wrong usage",
    arguments: [
      (#"{"margins": "8M"}"#, #"did you mean "margin"?"#), (#"{"margin": "lots"}"#, "margin: 'lots' is no size"),
      (#"{"fail_on": "all"}"#, "'all' is none of critical, warning"),
      (#"{"ignore": ["nothing"]}"#, "no finding 'nothing'"),
      (#"{"timeout": "soon"}"#, "'soon' is no duration"), (#"{"margin": 8}"#, "margin"), ("[]", "config.json"),
      ("", "config.json"),
      (#"{"textfile": "/tmp/x.txt"}"#, "ends in .prom"), (#"{"profile": "windows"}"#, "there is no 'windows'"),
    ])
  func mistakes(text: String, said: String) throws {
    let scratch = try ScratchDirectory()
    let config = try file(text, in: scratch)
    for command in ["check", "audit", "plan"] {
      let result = try Headroom.run(command, "--config", config)
      #expect(result.status == 64, "\(result)")
      // Long ones are wrapped.
      let words = result.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(words.contains(said), "\(result)")
      #expect(result.errors.contains("config.json"))
    }
  }

  @Test(
    "a variable that means nothing is named", arguments: ["MARGIN", "FAIL_ON", "TIMEOUT", "IGNORE", "REQUIRE_PAYLOAD"])
  func variables(name: String) throws {
    let result = try Headroom.run("check", environment: ["HEADROOM_\(name)": "perhaps"])
    #expect(result.status == 64)
    #expect(result.errors.contains("HEADROOM_\(name): "), "\(result)")
  }

  @Test("a file that was named and is not there is an error") func noFile() throws {
    let result = try Headroom.run("check", "--config", "/no/such/config.json")
    #expect(result.status == 3)
    #expect(result.errors.contains("cannot read the configuration '/no/such/config.json'"))
  }

  @Test("metrics go to the textfile besides, readable for all, whatever the umask") func textfile() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let metrics = scratch.file("headroom.prom")
    let result = try Command.run(
      "sh",
      arguments: [
        "-c", "umask 077; exec \"$0\" check --disk \"$1\" --textfile \"$2\"", try Products.headroom(), disk, metrics,
      ],
      environment: Headroom.environment)
    #expect(result.status == 2, "\(result)")
    #expect(try FileManager.default.attributesOfItem(atPath: metrics)[.posixPermissions] as? Int == 0o644)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.contains("tmp-") } == [])
    #expect(try Headroom.run("check", "--disk", disk, "--textfile", "\(metrics).txt").status == 64)
  }
}
