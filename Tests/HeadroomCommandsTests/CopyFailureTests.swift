import Foundation
import SpaceModel
import TestSupport
import Testing

/// Whatever goes wrong, the destination is what it was or the whole copy.
@Suite(.needsRootAndLoop) struct CopyFailureTests {
  /// A copy that fails onto a filesystem with an old copy on it: that stays, and nothing else.
  private func expectFailure(
    _ source: String, on mountpoint: String, _ words: String, prefix: [String] = [], during: () throws -> Void = {}
  ) throws {
    let copy = "\(mountpoint)/copy"
    for hasOld in [false, true] {
      if hasOld { try CopyImage.writeOld(copy) }
      let result = try Headroom.run("copy", source, copy)
      #expect(result.status == 3, "\(result)")
      #expect(result.errors.contains(words), "\(result)")
      if hasOld {
        #expect(try String(contentsOfFile: copy, encoding: .utf8) == "old")
        try Command.check("rm", copy)
      }
      #expect(try CopyImage.entries(mountpoint).filter { $0.contains("copy") } == [])
    }
  }

  @Test("what fsync(2) and close(2) say ends it: no copy, and the call is named", .needsTool("strace"))
  func lateErrors() throws {
    let scratch = try ScratchDirectory()
    let (source, copy) = (scratch.file("source"), scratch.file("copy"))
    try CopyImage.make(source, megabytes: 4)
    func run(_ call: String, _ inject: [String]) throws -> (result: Command.Result, calls: Int) {
      let log = scratch.file("trace")
      let result = try Command.run(
        "strace",
        arguments: ["-f", "-qq", "-o", log, "-e", "trace=\(call)"] + inject
          + [try Products.headroom(), "copy", source, copy], environment: Headroom.environment)
      // strace(1) counts each thread's calls by themselves; these are made by one. What it does not know it always shows.
      let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").filter {
        $0.contains("\(call)(")
      }
      let first = lines.first?.split(separator: " ").first ?? ""
      return (result, lines.count { $0.hasPrefix("\(first) ") })
    }
    for call in ["fsync", "close"] {
      let whole = try run(call, [])
      try #require(whole.result.status == 0 && whole.calls > 0, "\(whole)")
      var named = 0
      // The last ones are those of the copy; the loader's would end the program before it begins.
      for number in max(1, whole.calls - 9)...whole.calls {
        try? FileManager.default.removeItem(atPath: copy)
        let result = try run(call, ["-e", "inject=\(call):error=EIO:when=\(number)"]).result
        if result.status == 0 {
          #expect(try Reclaim.checksum(copy) == Reclaim.checksum(source), "\(call) \(number)")
        } else {
          #expect(FaultyDisk.isClear(result), "\(result)")
          // Its name is given before the directory's fsync, and stays where only that fails.
          let isThere = FileManager.default.fileExists(atPath: copy)
          #expect(!isThere || (call == "fsync" && number == whole.calls), "\(call) \(number): \(result)")
          if result.errors.contains("cause: \(call) failed") { named += 1 }
        }
      }
      #expect(named > 0, "no \(call) that mattered")
    }
  }

  @Test("what does not fit is refused before it is written, with what is missing", arguments: ["ext4", "tmpfs"])
  func spaceBefore(type: String) throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try CopyImage.make(source, megabytes: 64)
    try LoopMount.withFilesystem(type, sizeMiB: 12) { mountpoint, _ in
      try expectFailure(source, on: mountpoint, "can be written there: ")
      let result = try Headroom.run("copy", source, "\(mountpoint)/copy")
      #expect(result.errors.contains("it needs 16.0 MiB, and "), "\(result)")
      // No cluster was allocated for it.
      #expect(try Command.check("du", "-s", "--block-size=1M", mountpoint).text.hasPrefix("1") || type == "tmpfs")
    }
    // Without its zeros it fits, and is not refused for them.
    try LoopMount.withFilesystem(type, sizeMiB: 26) { mountpoint, _ in
      _ = try CopyImage.copy("--verify", source, "\(mountpoint)/copy")
    }
  }

  @Test("space that is taken meanwhile ends it with what is missing") func spaceMeanwhile() throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try Command.check("dd", "if=/dev/urandom", "of=\(source)", "bs=1M", "count=160", "status=none")
    try LoopMount.withFilesystem("ext4", sizeMiB: 200) { mountpoint, _ in
      try CopyImage.writeOld("\(mountpoint)/copy")
      let running = try Command.start(
        try Products.headroom(), arguments: ["copy", source, "\(mountpoint)/copy"], environment: Headroom.environment)
      while running.isRunning, try CopyProcess.readBytes(running.processID) < 4 << 20 { usleep(100) }
      _ = try Command.run("fallocate", "-l", "120M", "\(mountpoint)/filler")
      let result = try running.finish()
      // The kernel may have been faster than the filler.
      if result.status != 0 {
        #expect(result.status == 3)
        #expect(result.errors.contains(" short") || result.errors.contains("there is no space left"), "\(result)")
        #expect(try String(contentsOfFile: "\(mountpoint)/copy", encoding: .utf8) == "old")
      }
      #expect(try CopyImage.entries(mountpoint).filter { $0.hasPrefix(".") } == [])
    }
  }

  @Test(
    "no inode, a limit, a read-only filesystem, an immutable file or directory: a clear error", .needsTool("chattr"))
  func otherStages() throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try CopyImage.make(source, megabytes: 4)
    try LoopMount.withFilesystem("ext4", sizeMiB: 16, mkfsArguments: ["-N", "16"]) { mountpoint, _ in
      try CopyImage.writeOld("\(mountpoint)/copy")
      for number in 0..<20 { _ = try Command.run("touch", "\(mountpoint)/\(number)") }
      let result = try Headroom.run("copy", source, "\(mountpoint)/copy")
      #expect(result.status == 3 && result.errors.contains("there is no space left"), "\(result)")
      #expect(try String(contentsOfFile: "\(mountpoint)/copy", encoding: .utf8) == "old")
    }
    try LoopMount.withFilesystem("ext4", sizeMiB: 16) { mountpoint, _ in
      let copy = "\(mountpoint)/copy"
      try CopyImage.writeOld(copy)
      let limited = try Command.run("sh", "-c", "ulimit -f 1000; exec \(Products.headroom()) copy \(source) \(copy)")
      #expect(limited.status == 3 && limited.errors.contains("of that size"), "\(limited)")
      try Command.check("chattr", "+i", copy)
      let immutable = try Headroom.run("copy", source, copy)
      #expect(immutable.status == 3 && immutable.errors.contains("lsattr"), "\(immutable)")
      try Command.check("chattr", "-i", copy)
      try Command.check("chattr", "+i", mountpoint)
      let directory = try Headroom.run("copy", source, copy)
      try Command.check("chattr", "-i", mountpoint)
      #expect(directory.status == 3, "\(directory)")
      try Command.check("mount", "-o", "remount,ro", mountpoint)
      let readOnly = try Headroom.run("copy", source, copy)
      #expect(readOnly.status == 3 && readOnly.errors.contains("mounted read-only"), "\(readOnly)")
      try Command.check("mount", "-o", "remount,rw", mountpoint)
      #expect(try String(contentsOfFile: copy, encoding: .utf8) == "old")
      #expect(try CopyImage.entries(mountpoint) == ["copy"])
    }
  }

  @Test("a write error that only fsync reports ends it") func writeBack() throws {
    // The filesystem believes in more space than what lies under it has.
    try LoopMount.withFilesystem("tmpfs", sizeMiB: 24) { under, _ in
      let scratch = try ScratchDirectory()
      let source = scratch.file("source")
      try Command.check("dd", "if=/dev/urandom", "of=\(source)", "bs=1M", "count=40", "status=none")
      let image = "\(under)/image"
      try Command.check("truncate", "-s", "96M", image)
      try Command.check("mkfs.ext4", "-q", "-F", "-O", "^has_journal", image)
      try LoopMount.with(image: image, type: "ext4") { mountpoint, _ in
        let result = try Headroom.run("copy", source, "\(mountpoint)/copy")
        #expect(result.status == 3, "\(result)")
        #expect(result.errors.contains("fsync failed") || result.errors.contains("failed: "), "\(result)")
        #expect(try CopyImage.entries(mountpoint) == [])
      }
    }
  }

  @Test("a source that cannot be read gives no copy") func readError() throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 64, mkfsArguments: ["-b", "4096"])
    try LoopMount.with(image: image, type: "ext4") { mountpoint, _ in
      _ = try Command.check("dd", "if=/dev/urandom", "of=\(mountpoint)/source", "bs=1M", "count=32", "status=none")
    }
    let end = try LoopMount.with(image: image, type: "ext4", readOnly: true) { mountpoint, _ in
      try Headroom.map("\(mountpoint)/source").extents.compactMap { extent in
        extent.physical_bytes.map { $0 + extent.length_bytes }
      }.max()
    }
    try LoopMount.with(image: image, type: "ext4", readOnly: true) { mountpoint, _ in
      // The disk ends inside the file: the loop device answers EIO there.
      try Command.check("truncate", "-s", "\(try #require(end) - (2 << 20))", image)
      try "3".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
      try expectFailure("\(mountpoint)/source", on: scratch.path, "the device reports a read error")
    }
  }
}
