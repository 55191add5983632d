import Foundation
import SpaceModel
import TestSupport
import Testing

/// What is no place for a copy, and what is not to be copied.
@Suite struct CopyRefusalTests {
  @Test("only a regular file that is not the source is replaced") func targets() throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try CopyImage.make(source, megabytes: 4)
    _ = try scratch.directory("directory")
    try Command.check("mkfifo", scratch.file("fifo"))
    try Command.check("ln", source, scratch.file("hard"))
    try Command.check("ln", "-s", "source", scratch.file("soft"))
    try Command.check("ln", "-s", "nothing", scratch.file("dangling"))
    let before = try Command.check("stat", "-c", "%s %y %z", source).text
    for (name, words) in [
      ("directory", "it is a directory"), ("directory/", "it is a directory"), ("fifo", "it is no regular file"),
      ("source", "it is the source itself"), ("hard", "it is the source itself"), ("soft", "it is the source itself"),
      ("dangling", "a symbolic link that leads nowhere"), ("none/copy", "there is no such file or directory"),
    ] {
      let result = try Headroom.run("copy", source, scratch.file(name))
      #expect(result.status == 3, "\(name): \(result)")
      #expect(result.errors.contains(words), "\(name): \(result)")
    }
    let device = try Headroom.run("copy", source, "/dev/null")
    #expect(device.errors.contains("it is no regular file"), "\(device)")
    for name in ["directory", "fifo"] {
      #expect(try Headroom.run("copy", scratch.file(name), scratch.file("copy")).status == 3)
    }
    #expect(try Command.check("stat", "-c", "%s %y %z", source).text == before)
    #expect(
      try CopyImage.entries(scratch.path) == ["dangling", "directory", "fifo", "hard", "soft", "source"])
    #expect(try CopyImage.entries(scratch.file("directory")) == [])
  }

  @Test("a symbolic link to another file stays, and what it leads to is replaced") func link() throws {
    let scratch = try ScratchDirectory()
    try CopyImage.make(scratch.file("source"), megabytes: 4)
    _ = try scratch.directory("images")
    try CopyImage.writeOld(scratch.file("images/real"))
    try Command.check("ln", "-s", "images/real", scratch.file("link"))
    _ = try CopyImage.copy(scratch.file("source"), scratch.file("link"))
    try Command.check("cmp", scratch.file("source"), scratch.file("images/real"))
    #expect(try CopyImage.entries(scratch.path) == ["images", "link", "source"])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: scratch.file("link")) == "images/real")
  }

  @Test("a file that a loop device writes to is neither replaced nor copied; a read-only one is", .needsRootAndLoop)
  func loops() throws {
    let scratch = try ScratchDirectory()
    let (source, old) = (scratch.file("source"), scratch.file("old"))
    try CopyImage.make(source, megabytes: 4)
    try Command.check("truncate", "-s", "8M", old)
    try Command.check("mkfs.ext2", "-q", "-F", old)
    try LoopMount.with(image: old) { mountpoint, device in
      for arguments in [[source, old], [old, scratch.file("copy")]] {
        let result = try Headroom.run(arguments: ["copy"] + arguments)
        #expect(result.status == 3)
        let name = device.dropFirst("/dev/".count)
        #expect(
          result.errors.contains("\(name) (mounted on \(mountpoint)) has it open for writing"), "\(result)")
      }
    }
    try LoopMount.with(image: old, readOnly: true) { _, _ in
      _ = try CopyImage.copy(old, scratch.file("copy"))
      try Command.check("cmp", old, scratch.file("copy"))
      _ = try CopyImage.copy(source, old)
    }
    try Command.check("cmp", source, old)
    #expect(try CopyImage.entries(scratch.path) == ["copy", "old", "source"])
  }

  @Test("a file that a process has open for writing is named with it") func processes() throws {
    let scratch = try ScratchDirectory()
    try CopyImage.make(scratch.file("source"), megabytes: 4)
    try CopyImage.writeOld(scratch.file("old"))
    let holder = try Command.start("sh", arguments: ["-c", "exec 3>>\(scratch.file("old")); echo; exec sleep 60"])
    while holder.outputSoFar.isEmpty { usleep(1000) }
    let result = try Headroom.run("copy", scratch.file("source"), scratch.file("old"))
    #expect(result.status == 3)
    #expect(result.errors.contains("(process \(holder.processID)) has it open for writing"), "\(result)")
    holder.signal(SIGKILL)
    _ = try holder.finish()
    #expect(try String(contentsOfFile: scratch.file("old"), encoding: .utf8) == "old")
    _ = try CopyImage.copy(scratch.file("source"), scratch.file("old"))
  }

  @Test(
    "a source that grows, shrinks or is written while it is copied gives no copy",
    arguments: [
      "truncate -s +1M", "truncate -s 1M", "touch",
      "dd if=/dev/urandom bs=4096 count=1 seek=9 conv=notrunc status=none of=",
    ])
  func changes(change: String) throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try Command.check("dd", "if=/dev/urandom", "of=\(source)", "bs=1M", "count=96", "status=none")
    try CopyImage.writeOld(scratch.file("copy"))
    let running = try Command.start(
      try Products.headroom(), arguments: ["copy", "--verify", source, scratch.file("copy")],
      environment: Headroom.environment)
    while running.isRunning, try CopyProcess.readBytes(running.processID) < 8 << 20 { usleep(200) }
    try Command.check("sh", "-c", change.hasSuffix("=") ? change + source : "\(change) \(source)")
    let result = try running.finish()
    #expect(result.status == 3, "\(result)")
    #expect(result.errors.contains("cannot copy '\(source)': it "), "\(result)")
    #expect(try String(contentsOfFile: scratch.file("copy"), encoding: .utf8) == "old")
    #expect(try CopyImage.entries(scratch.path) == ["copy", "source"])
  }

  @Test("wrong usage", arguments: [["a"], ["a", ""], ["--reflink=often", "a", "b"], ["a", "b", "c"]])
  func usage(arguments: [String]) throws {
    #expect(try Headroom.run(arguments: ["copy"] + arguments).status == 64)
  }
}

/// A copy that is running.
enum CopyProcess {
  /// What it has read so far.
  static func readBytes(_ process: pid_t) throws -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").first { $0.hasPrefix("rchar: ") }.flatMap { Int($0.dropFirst(7)) } ?? 0
  }
}
