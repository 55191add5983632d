import Foundation
import SpaceReport
import TestSupport
import Testing

/// What a person reads who names the wrong thing: the operation, the path, the cause, what to try; and the exit code.
@Suite struct BadInputTests {
  /// A command line, and what must come of it. `@` in it is a scratch directory.
  struct Row: CustomTestStringConvertible {
    var arguments: [String]
    var errors: String
    var status: Int32 = 3
    var testDescription: String { arguments.joined(separator: " ") }
  }

  static let missing = """
      cause: openat failed: No such file or directory (errno 2)
      hint: Check the path; a symbolic link may point nowhere.

    """
  static let directory = "  hint: Name the files in it, or use --sysroot for a node's root directory.\n"
  static let rows = [
    Row(
      arguments: ["map", "@/nothing"],
      errors: "headroom: cannot map '@/nothing': there is no such file or directory\n" + missing),
    Row(
      arguments: ["audit", "--disk", "@/nothing"],
      errors: "headroom: cannot open '@/nothing': there is no such file or directory\n" + missing),
    Row(
      arguments: ["audit", "--image", "@/nothing"],
      errors: "headroom: cannot open '@/nothing': there is no such file or directory\n" + missing),
    Row(
      arguments: ["audit", "--sysroot", "@/nothing"],
      errors: "headroom: cannot use as the node's root '@/nothing': there is no such file or directory\n" + missing),
    Row(
      arguments: ["audit", "--device", "@/nothing"],
      errors: "headroom: cannot open '@/nothing': there is no such device\n"
        + "  hint: List the devices with `headroom partitions` or `lsblk`.\n"),
    Row(
      arguments: ["map", "@/directory"],
      errors: "headroom: cannot map '@/directory': it is a directory, not a regular file\n" + directory),
    Row(
      arguments: ["audit", "--disk", "@/directory"],
      errors: "headroom: cannot open '@/directory': it is a directory, not a file or block device\n" + directory),
    Row(
      arguments: ["audit", "--image", "@/directory"],
      errors: "headroom: cannot open '@/directory': it is a directory, not a regular file\n" + directory),
    Row(
      arguments: ["map", "@/fifo"],
      errors: "headroom: cannot map '@/fifo': it is a FIFO, socket or character device, not a regular file\n"
        + "  hint: Name a regular file.\n"),
    Row(
      arguments: ["audit", "--disk", "@/fifo"],
      errors: "headroom: cannot open '@/fifo': it is a FIFO, socket or character device, not a file or block device\n"
        + "  hint: Name a file or block device.\n"),
    Row(
      arguments: ["audit", "--disk", "@/empty"],
      errors: "headroom: cannot find a partition in '@/empty': it is empty\n  hint: Name a raw image of a disk, a "
        + "partition or a filesystem; qcow2 and the like must be converted first.\n"),
    Row(
      arguments: ["partitions", "--disk", "@/empty"],
      errors: "headroom: cannot find a partition in '@/empty': it is empty\n  hint: Name a raw image of a disk, a "
        + "partition or a filesystem; qcow2 and the like must be converted first.\n"),
    Row(
      arguments: ["audit", "--disk", "@/text"],
      errors: "headroom: cannot find a partition in '@/text': it holds neither a partition table nor a filesystem that "
        + "is known\n  hint: Name a raw image of a disk, a partition or a filesystem; qcow2 and the like must be "
        + "converted first.\n"),
    Row(
      arguments: ["map", "--disk", "@/text", "cOS/active.img"],
      errors: "headroom: cannot find a partition in '@/text': it holds neither a partition table nor a filesystem that "
        + "is known\n  hint: Name a raw image of a disk, a partition or a filesystem; qcow2 and the like must be "
        + "converted first.\n"),
    Row(
      arguments: ["map", "--disk", "@/filesystem", "cOS/active.img"],
      errors: "headroom: cannot map 'cOS/active.img': no ext filesystem in '@/filesystem' has such a file\n"
        + "  hint: Name it below the filesystem's root: cOS/active.img.\n"),
    Row(
      arguments: ["audit", "--disk", "@/filesystem", "--output-file", "@/filesystem"],
      errors: "headroom: cannot write to '@/filesystem': it is what is being looked at\n"
        + "  hint: Name another file, or remove it first.\n"),
    Row(
      arguments: ["audit", "--disk", "@/filesystem", "--output-file", "@/directory"],
      errors: "headroom: cannot write to '@/directory': it is a directory\n  hint: Name a file.\n"),
    Row(
      arguments: ["audit", "--label", "NOWHERE-AT-ALL", "--disk", "@/filesystem"],
      errors: "headroom: cannot find a filesystem labelled 'NOWHERE-AT-ALL': nothing that could be looked at carries "
        + "that label\n  hint: List what there is with `headroom partitions` and the same targets.\n"),
    Row(
      arguments: ["audit", "--disk", "@/filesystem", "--output-file", "@/no/such/place"],
      errors: "headroom: cannot write '@/no/such/place': there is no such file or directory\n"
        + missing
        .replacingOccurrences(of: "openat", with: "open")),
    Row(
      arguments: ["audit", "--warn-reclaimable", "10Q"],
      errors: "Error: --warn-reclaimable: '10Q' is no size: write 500M, 6GiB, 4096 or 10%.\n", status: 64),
    Row(arguments: ["audit", "--no-such-option"], errors: "Error: Unknown option '--no-such-option'\n", status: 64),
    Row(arguments: ["map"], errors: "Error: Missing expected argument '<image> ...'\n", status: 64),
    Row(
      arguments: ["map", "--label", "X", "y"], errors: "Error: --label and --partition go with --disk.\n", status: 64),
    Row(arguments: ["nonsense"], errors: "Error: Unexpected argument 'nonsense'\n", status: 64),
  ]

  @Test("the error says what was tried, on what, and why not", arguments: rows)
  func theErrorSaysWhatWasTriedOnWhatAndWhyNot(row: Row) throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("directory")
    _ = try scratch.sparseFile("empty", bytes: 0)
    try Command.check("mkfifo", scratch.file("fifo"))
    try String(repeating: "no filesystem\n", count: 5000)
      .write(toFile: scratch.file("text"), atomically: false, encoding: .utf8)
    _ = try LoopMount.makeFilesystem("ext4", in: scratch, name: "filesystem", sizeMiB: 8)
    func filled(_ text: String) -> String { text.replacingOccurrences(of: "@", with: scratch.path) }
    let result = try Headroom.run(arguments: row.arguments.map(filled), timeout: .seconds(20))
    #expect(result.status == row.status, "\(result)")
    if row.status == 64 {
      // ArgumentParser adds how the command is used.
      #expect(result.errors.hasPrefix(row.errors), "\(result.errors)")
      #expect(result.text == "")
    } else {
      #expect(result.errors == filled(row.errors))
    }
  }

  @Test("an empty file has a map of nothing") func anEmptyFileHasAMapOfNothing() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.sparseFile("empty", bytes: 0)
    let map = try Headroom.map(file)
    #expect(map.extents == [])
    #expect((map.apparent_bytes, map.allocated_bytes) == (0, 0))
    let text = try Headroom.run("map", file)
    #expect(text.status == 0, "\(text)")
  }

  @Test("what an ordinary user may not read is said so", .needsRoot, .needsTool("setpriv"))
  func whatAnOrdinaryUserMayNotReadIsSaidSo() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.sparseFile("secret.img", bytes: 1 << 20)
    try Command.check("chmod", "600", file)
    for (arguments, operation) in [(["map", file], "map"), (["audit", "--disk", file], "open")] {
      let result = try Headroom.run(arguments: arguments, asUser: Machine.ordinaryUser)
      #expect(result.status == 3)
      #expect(
        result.errors == """
          headroom: cannot \(operation) '\(file)': permission denied
            cause: openat failed: Permission denied (errno 13)
            hint: Run as root.

          """)
    }
  }

  @Test("one target that fails does not keep the others out of the report")
  func oneTargetThatFailsDoesNotKeepTheOthersOutOfTheReport() throws {
    let scratch = try ScratchDirectory()
    let good = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 16, mkfsArguments: ["-L", "GOOD"])
    let report = try Headroom.audit(
      "--disk", scratch.file("missing"), "--disk", good, "--image", scratch.file("gone"), status: 3)
    #expect(report.partitions.map(\.filesystemLabel) == ["GOOD"])
    #expect(report.limits.filter { $0.id == "target-not-measured" }.count == 2)

    let maps = try Headroom.run("map", "--json", scratch.file("missing"), good)
    #expect(maps.status == 3)
    let documents = try JSONDecoder().decode([MapDocument].self, from: Data(maps.output))
    #expect(documents.map(\.path) == [good])
  }
}
