import Foundation
import SpaceModel
import TestSupport
import Testing

/// Copies that do not come to their end.
@Suite(.needsRootAndLoop) struct CopyKillTests {
  @Test("killed at any moment: the destination is as it was or the whole copy, and a rerun leaves no temporary")
  func killed() throws {
    var random = Seed.current
    try LoopMount.withFilesystem("ext4", sizeMiB: 96) { mountpoint, _ in
      let (source, copy) = ("\(mountpoint)/source", "\(mountpoint)/copy")
      try CopyImage.make(source, megabytes: 32)
      let sum = try Command.check("sha256sum", source).text.prefix(64)
      let whole = try Self.start(source, copy).finish().elapsed
      for number in 0..<LongProof.count(200, sample: 20) {
        let hasOld = number % 2 == 0
        try Command.check("rm", "-f", copy)
        if hasOld { try CopyImage.writeOld(copy) }
        let running = try Self.start(source, copy)
        usleep(UInt32(Int64.random(in: 0...max(1, Int64(whole / .microseconds(1)) * 11 / 10), using: &random)))
        running.signal(SIGKILL)
        _ = try running.finish()
        if FileManager.default.fileExists(atPath: copy) {
          let isOld = hasOld && (try? String(contentsOfFile: copy, encoding: .utf8)) == "old"
          let found = try Command.check("sha256sum", copy).text.prefix(64)
          #expect(isOld || found == sum, "\(Seed.current), kill \(number)")
        } else {
          #expect(!hasOld, "\(Seed.current), kill \(number)")
        }
        if number % 5 == 4 {
          _ = try CopyImage.copy(source, copy)
          #expect(try Command.check("sha256sum", copy).text.prefix(64) == sum)
          #expect(try CopyImage.entries(mountpoint) == ["copy", "source"])
        }
      }
      #expect(try Command.check("sha256sum", source).text.prefix(64) == sum)
    }
  }

  private static func start(_ source: String, _ copy: String) throws -> RunningCommand {
    try Command.start(
      try Products.headroom(), arguments: ["copy", "--verify", source, copy], environment: Headroom.environment)
  }

  @Test("a signal ends it with nothing left", arguments: [SIGINT, SIGTERM, SIGHUP]) func signals(number: Int32) throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try Command.check("dd", "if=/dev/urandom", "of=\(source)", "bs=1M", "count=128", "status=none")
    let running = try Self.start(source, scratch.file("copy"))
    while running.isRunning, try CopyProcess.readBytes(running.processID) < 8 << 20 { usleep(200) }
    running.signal(number)
    let result = try running.finish()
    #expect(result.status == 128 + number, "\(result)")
    #expect(result.text == "" && result.errors == "")
    #expect(try CopyImage.entries(scratch.path) == ["source"])
  }

  @Test("what a killed one left under a temporary name goes with the next copy") func temporary() throws {
    let scratch = try ScratchDirectory()
    try CopyImage.make(scratch.file("source"), megabytes: 4)
    try scratch.write("half", to: ".copy.headroom-copy-00c0ffee")
    _ = try CopyImage.copy(scratch.file("source"), scratch.file("copy"))
    #expect(try CopyImage.entries(scratch.path) == ["copy", "source"])
  }
}
