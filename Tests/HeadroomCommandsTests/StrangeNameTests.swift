import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// Names and labels that try to do something to the terminal, or that are no text at all.
@Suite struct StrangeNameTests {
  static let hostile = "cOS/\u{1B}[2J\u{7}a\nb\u{9B}31m\u{202E}.img"

  @Test("a name that is not UTF-8 comes through map, percent-encoded")
  func aNameThatIsNotUTF8ComesThroughMapPercentEncoded() throws {
    let scratch = try ScratchDirectory()
    // A shell names the file: a Swift string cannot.
    let script = "cd '\(scratch.path)' && f=$(printf 'a%%\\377\\nb.img') && truncate -s 8192 \"$f\" && exec \"$1\" map "
    let executable = try Products.headroom()
    func run(_ options: String) throws -> Command.Result {
      try Command.run(
        "sh", arguments: ["-c", script + options + " \"$f\"", "sh", executable], environment: Headroom.environment)
    }
    let json = try run("--json")
    #expect(json.status == 0, "\(json)")
    let document = try JSONDecoder().decode(MapDocument.self, from: Data(json.output))
    #expect(document.path == "a%25%FF%0Ab.img")
    #expect(document.path_encoding == "percent")
    #expect(document.apparent_bytes == 8192)
    let text = try run("")
    #expect(text.lines.first == "a%\\xff\\x0ab.img: 8.00 KiB apparent, 0 B allocated, 0 extents in 0 fragments")
  }

  @Test("what a system calls itself never reaches the terminal raw", .needsTool("perl"))
  func whatASystemCallsItselfNeverReachesTheTerminalRaw() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, files: 5)
    try "PRETTY_NAME=\"Harvester\u{1B}]0;x\u{7}\u{9B}31m\"\nVERSION=\"v1.4.1\"\n".write(
      toFile: "\(tree.path)/etc/os-release", atomically: false, encoding: .utf8)
    let active = try scratch.sparseFile("active.img", bytes: 64 << 20)
    try Command.check("mkfs.ext2", "-q", "-F", "-d", tree.path, active)
    let root = try scratch.directory("state/cOS")
    try Command.check("mv", active, root)
    let state = try scratch.sparseFile("state.img", bytes: 300 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-L", "COS_STATE", "-d", scratch.file("state"), state)
    let card = scratch.file("card.json")
    for words in [
      ["plan"], ["audit"], ["plan", "--incoming", tree.path, "--save-payload", card], ["plan", "--incoming", card],
    ] {
      let result = try Headroom.run(arguments: words + ["--disk", state])
      #expect(result.text.contains("Harvester\\x1b]0;x\\x07\\x9b31m"), "\(result)")
      for raw in ["\u{1B}", "\u{7}", "\u{9B}"] { #expect(!(result.text + result.errors).contains(raw)) }
    }
  }

  @Test("names and labels never reach the terminal raw") func namesAndLabelsNeverReachTheTerminalRaw() throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    try Command.check("mkdir", "-p", "\(tree)/cOS/evil\u{1B}[31m.imgTree")
    try Command.check("truncate", "-s", "64K", "\(tree)/\(Self.hostile)")
    let zeros = [UInt8](repeating: 1, count: 1 << 20)
    try Data(zeros).write(to: URL(fileURLWithPath: "\(tree)/cOS/full\r\n.img"))
    let disk = try scratch.sparseFile("disk\u{1B}]0;x\u{7}.img", bytes: 32 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-L", "EVIL\u{1B}[5m", "-d", tree, disk)
    for arguments in [
      ["audit", "--disk", disk], ["audit", "--disk", disk, "--all", "-v"], ["partitions", "--disk", disk],
      ["map", "--disk", disk, Self.hostile], ["map", "\(tree)/\(Self.hostile)"],
      ["map", "\(tree)/\(Self.hostile)-nothing"], ["audit", "--disk", "\(disk)-nothing"],
      ["audit", "--label", "EVIL\u{1B}[6m", "--disk", disk], ["map", "--summary", "\(tree)/\(Self.hostile)"],
      ["audit", "--\u{1B}[31mevil"], ["\u{1B}[31mevil"], ["audit", "--format", "\u{1B}[31m"],
      ["audit", "--warn-reclaimable", "\u{1B}[31m"],
    ] {
      let result = try Headroom.run(arguments: arguments)
      for scalar in (result.text + result.errors).unicodeScalars {
        let isControl = scalar.value < 0x20 && scalar != "\n" || (0x7F..<0xA0).contains(scalar.value)
        #expect(!isControl && scalar.value != 0x202E, "U+\(String(scalar.value, radix: 16)) from \(arguments)")
        if isControl { break }
      }
    }
    let report = try Headroom.audit("--disk", disk)
    #expect(report.partitions.first?.filesystemLabel == "EVIL\u{1B}[5m")
    #expect(report.partitions.first?.images?.contains { $0.path.utf8 == Self.hostile } == true)
  }

  @Test("a remedy for a strange name is a command that a shell reads back")
  func aRemedyForAStrangeNameIsACommandThatAShellReadsBack() throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    let name = "it's $(a) \"b\"\n.img"
    try Command.check("mkdir", "\(tree)/cOS")
    let bytes = [UInt8](repeating: 7, count: 1 << 20)
    try Data(bytes).write(to: URL(fileURLWithPath: "\(tree)/cOS/\(name)"))
    let disk = try scratch.sparseFile("disk.img", bytes: 16 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-L", "COS_STATE", "-d", tree, disk)
    try zeroOut(disk, "cOS/\(name)")
    let report = try Headroom.audit("--disk", disk)
    let remedy = try #require(report.findings(.imageNotSparse).first?.remedy)
    // Everything but the words is taken out: what `headroom`, or `fallocate`, would get is printed.
    let words = "mount() { :; }; headroom() { printf %s \"${@: -1}\"; }; fallocate() { printf %s \"$2\"; }; "
    for commands in [remedy, remedy.replacing(#/headroom reclaim .*\n# without headroom: /#, with: "")] {
      #expect(try Command.check("bash", "-c", words + commands).text == "/run/initramfs/cos-state/cOS/\(name)")
    }
  }

  /// Overwrites a file's blocks inside a filesystem image with zeros: `mke2fs -d` makes holes of zeros.
  private func zeroOut(_ disk: String, _ path: String) throws {
    for extent in try Headroom.map("--disk", disk, path).extents {
      let physical = try #require(extent.physical_bytes)
      try Command.check(
        "dd", "if=/dev/zero", "of=\(disk)", "bs=1024", "seek=\(physical / 1024)", "count=\(extent.length_bytes / 1024)",
        "conv=notrunc", "status=none")
    }
  }
}
