import Foundation
import TestSupport
import Testing

/// What shells complete.
@Suite struct CompletionTests {
  private static func script(_ shell: String, in scratch: ScratchDirectory) throws -> String {
    let result = try Headroom.run("completions", shell)
    guard result.status == 0 else { throw Unexpected(result.description) }
    // Offered nowhere: what the program starts itself as.
    #expect(!result.text.contains("worker"))
    let path = scratch.file("completions.\(shell)")
    try Data(result.output).write(to: URL(filePath: path))
    return path
  }

  @Test(
    "each shell can read its script",
    .needsTool("bash", "zsh", "fish"), arguments: [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
  func syntax(shell: String, option: String) throws {
    let scratch = try ScratchDirectory()
    let result = try Command.run(shell, option, Self.script(shell, in: scratch))
    #expect(result.status == 0, "\(result)")
    #expect(result.errorOutput.isEmpty, "\(result)")
  }

  /// What is typed, and what has to be offered.
  static let rows: [(typed: [String], offered: [String])] = [
    (["ch"], ["check"]),
    (["check", "--form"], ["--format"]),
    (["check", "--format", ""], ["text", "json", "nagios", "harvester-validator"]),
    (["check", "--fail-on", ""], ["critical", "warning"]),
    (["check", "--ignore", "image-n"], ["image-not-sparse", "image-nul-files"]),
    (["plan", "--profile", "ele"], ["elemental", "elemental-v2", "elemental-btrfs"]),
    (["audit", "--disk", "no"], ["node.img"]),
    (["render", "re"], ["report.json"]),
    (["fleet", "report.json", "no"], ["node.img"]),
    (["fleet", "--expect", "no"], ["node.img"]),
    (["completions", ""], ["bash", "zsh", "fish"]),
    (["help", "fl"], ["fleet"]),
    (["help", ""], ["audit", "completions"]),
  ]

  /// readline ends a word at the sign; fish offers the option with its value.
  static let split: [(typed: [String], offered: [String])] = [
    (["check", "--format", "=", "na"], ["nagios"]),
    (["check", "--format", "="], ["nagios", "text"]),
    (["fleet", "--format", "=", "json", "--exp"], ["--expect"]),
  ]
  static let joined: [(typed: [String], offered: [String])] = [(["check", "--format=na"], ["--format=nagios"])]

  @Test("zsh takes an option's value behind a sign, and knows the commands that are explained")
  func zshScript() throws {
    let text = try Headroom.run("completions", "zsh").text
    for part in [
      "'--expect=[", "{--sysroot=,--root=}'[", "'*--disk=[", "{-J,--json}'[", "'*:subcommands:(audit check ",
    ] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test("bash completes commands, options, values and files", .needsTool("bash"), arguments: rows + split)
  func bash(typed: [String], offered: [String]) throws {
    let scratch = try ScratchDirectory()
    let script = try Self.script("bash", in: scratch)
    for name in ["node.img", "report.json"] { try Data().write(to: URL(filePath: scratch.file(name))) }
    // As readline calls it: the words so far, the one that is completed and the one before it.
    let call = """
      source "$1"; shift
      COMP_WORDS=(headroom "$@"); COMP_CWORD=$#; COMP_LINE="headroom $*"; COMP_POINT=${#COMP_LINE}
      call=$(complete -p headroom); call=${call##*-F }; call=${call%% *}
      word=${COMP_WORDS[COMP_CWORD]}
      "$call" headroom "${word#=}" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let result = try Command.run(
      "bash", arguments: ["--norc", "-c", call, "bash", script] + typed, directory: scratch.path)
    #expect(Set(offered).isSubset(of: result.lines.map(String.init)), "\(result)")
    #expect(result.errorOutput.isEmpty, "\(result)")
  }

  @Test("fish completes commands, options, values and files", .needsTool("fish"), arguments: rows + joined)
  func fish(typed: [String], offered: [String]) throws {
    let scratch = try ScratchDirectory()
    let script = try Self.script("fish", in: scratch)
    for name in ["node.img", "report.json"] { try Data().write(to: URL(filePath: scratch.file(name))) }
    let result = try Command.run(
      "fish",
      arguments: [
        "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script,
        (["headroom"] + typed).joined(separator: " "),
      ], environment: ["HOME": scratch.path], directory: scratch.path)
    let words = result.lines.compactMap { $0.split(separator: "\t").first.map(String.init) }
    #expect(Set(offered).isSubset(of: words), "\(result)")
  }
}
