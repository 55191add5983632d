import Foundation
import TestSupport
import Testing

/// What a person sees, and what a pipe gets.
@Suite struct TerminalTests {
  /// One disk for all tests of the suite. Nothing ends the life of a static value, so its directory goes at exit.
  private static let disk: Result<(ScratchDirectory, String), any Error> = Result {
    let scratch = try ScratchDirectory()
    atexit {
      guard case .success(let (scratch, _)) = TerminalTests.disk else { return }
      try? FileManager.default.removeItem(atPath: scratch.path)
    }
    return (scratch, try Products.nodeDisk("interrupted-upgrade", in: scratch))
  }

  @Test("progress is shown on a terminal, and wiped before the report", .needsTool("script"))
  func progressIsShownOnATerminalAndWipedBeforeTheReport() throws {
    let scratch = try ScratchDirectory()
    let file = scratch.file("long.img")
    try Command.check("dd", "if=/dev/zero", "of=\(file)", "bs=1M", "count=512", "conv=fsync", "status=none")
    // What is in the page cache is looked at without a call.
    try Command.check("dd", "if=\(file)", "iflag=nocache", "count=0", "status=none")
    // Slowly, so that there is something to show.
    let command =
      "strace -f -qq -o /dev/null -e trace=pread64,preadv2 -e inject=pread64,preadv2:delay_exit=20000 "
      + "\(try Products.headroom()) audit --image \(file)"
    let typescript = try Command.check(
      "script", "-qec", command, "/dev/null", environment: Headroom.environment.merging(["NO_COLOR": ""]) { $1 })
    let parts = typescript.text.components(separatedBy: "\r\u{1B}[K")
    #expect(parts.count == 2, "\(parts.count) wipes")
    #expect(parts.first?.contains("long.img") == true)
    #expect(parts.first?.contains(" left\u{1B}[K") == true)
    #expect(parts.first?.contains("/s  ") == true)
    #expect(parts.last?.contains("image-not-sparse") == true)
    #expect(parts.last?.contains("\u{1B}[32mOK\u{1B}[0m") == true, "\(typescript.text)")
  }

  @Test("nothing but the report comes out where there is no terminal")
  func nothingButTheReportComesOutWhereThereIsNoTerminal() throws {
    let disk = try Self.disk.get().1
    let result = try Headroom.run("audit", "--disk", disk, environment: ["NO_COLOR": ""])
    #expect(result.errors == "")
    #expect(!result.text.contains("\u{1B}"))
    #expect(!result.text.contains("\r"))
    let verbose = try Headroom.run("audit", "--disk", disk, "-v")
    #expect(verbose.errors.contains("headroom: cOS/passive.img\n"))
    #expect(verbose.text == result.text)
    #expect(try Headroom.run("audit", "--disk", disk, "-v", "-q").errors == "")
  }

  @Test("colours come when asked for and not with NO_COLOR") func coloursComeWhenAskedForAndNotWithNOCOLOR() throws {
    let disk = try Self.disk.get().1
    #expect(try Headroom.run("audit", "--disk", disk, "--color", "always").text.contains("\u{1B}[33m"))
    #expect(try !Headroom.run("audit", "--disk", disk, "--color", "never").text.contains("\u{1B}"))
  }

  @Test("NO_COLOR silences colours on a terminal", .needsTool("script")) func noCOLORSilencesColoursOnATerminal() throws
  {
    let disk = try Self.disk.get().1
    let command = "\(try Products.headroom()) audit -q --disk \(disk)"
    for (value, colored) in [("1", false), ("", true)] {
      let result = try Command.check(
        "script", "-qec", command, "/dev/null",
        environment: Headroom.environment.merging(["NO_COLOR": value, "TERM": "xterm"]) { $1 })
      #expect(result.text.contains("\u{1B}[") == colored)
    }
  }

  @Test("text is pure ASCII with --ascii, and without a UTF-8 locale", arguments: [["--ascii"], []])
  func textIsPureASCIIWithAsciiAndWithoutAUTF8Locale(arguments: [String]) throws {
    let disk = try Self.disk.get().1
    let locale = ["LC_ALL": arguments.isEmpty ? "C" : "C.UTF-8"]
    for command in [
      ["audit", "--disk", disk], ["audit", "--disk", disk, "--quick"], ["plan", "--disk", disk],
      ["partitions", "--disk", disk],
      ["map", "--disk", disk, "--label", "COS_STATE", "cOS/passive.img"],
      ["map", "--summary", "--disk", disk, "--label", "COS_STATE", "cOS/passive.img"],
    ] {
      let result = try Headroom.run(arguments: command + arguments, environment: locale)
      #expect(result.status == (command[0] == "plan" ? 2 : 0))
      #expect(result.output.allSatisfy { $0 < 0x80 }, "\(result)")
      #expect(!result.output.isEmpty)
    }
  }

  @Test("help fits 80 columns", arguments: [[], ["audit"], ["plan"], ["map"], ["partitions"]])
  func helpFits80Columns(command: [String]) throws {
    let result = try Headroom.run(arguments: command + ["--help"], environment: ["COLUMNS": "80"])
    #expect(result.status == 0)
    #expect(result.lines.filter { $0.count > 80 } == [])
    #expect(result.text.contains("EXAMPLES:"))
    #expect(!result.text.contains("worker"))
  }

  @Test("tables and pictures fit the terminal's width", arguments: ["80", "120", "200"])
  func tablesAndPicturesFitTheTerminalsWidth(columns: String) throws {
    let disk = try Self.disk.get().1
    for command in [
      ["audit", "--disk", disk], ["plan", "--disk", disk],
      ["map", "--disk", disk, "--label", "COS_STATE", "cOS/passive.img"],
    ] {
      let result = try Headroom.run(arguments: command, environment: ["COLUMNS": columns])
      // Commands stay on one line: they are there to be pasted. The path of this disk is the test's own.
      let commands = ["Do: ", "rm -r ", "headroom reclaim ", "# without headroom: ", disk]
      let wide = result.lines.filter { line in
        line.count > Int(columns) ?? 0 && !commands.contains { line.contains($0) }
      }
      #expect(wide == [])
    }
  }

  @Test("bytes are plain numbers with -b") func bytesArePlainNumbersWithB() throws {
    let disk = try Self.disk.get().1
    let report = try Headroom.audit("--disk", disk)
    let passive = try report.image("cOS/passive.img")
    let text = try Headroom.run("audit", "--disk", disk, "-b").text
    let row = try #require(text.split(separator: "\n").first { $0.hasPrefix("cOS/passive.img") })
    let figures = row.split(separator: " ").compactMap { Int64($0) }
    #expect(figures == [passive.apparentBytes.bytes, passive.allocatedBytes.bytes, passive.reclaimableBytes?.bytes])
    let map = try Headroom.run("map", "-b", "--disk", disk, "--label", "COS_STATE", "cOS/passive.img").text
    #expect(map.contains("digging holes gives back \(passive.reclaimableBytes?.bytes ?? -1)\n"))
    #expect(!map.contains("iB"))
  }

  @Test("a result goes to a file in one step") func aResultGoesToAFileInOneStep() throws {
    let disk = try Self.disk.get().1
    let scratch = try ScratchDirectory()
    let fixed = ["SOURCE_DATE_EPOCH": "1700000000"]
    for command in [
      ["audit", "--json", "--disk", disk], ["audit", "--disk", disk, "--color", "always"],
      ["partitions", "--disk", disk], ["map", "--json", "--disk", disk, "--label", "COS_STATE", "cOS/active.img"],
    ] {
      let plain = try Headroom.run(
        arguments: command.map { $0 == "always" ? "never" : $0 }, environment: fixed)
      let file = scratch.file("report")
      try "old".write(toFile: file, atomically: false, encoding: .utf8)
      let written = try Headroom.run(arguments: command + ["--output-file", file], environment: fixed)
      #expect(written.status == 0)
      #expect(written.output == [])
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: file))) == plain.output)
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["report"])
    }
  }
}
