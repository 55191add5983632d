import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// However a run ends, the content is intact, a mount is put back and another run finishes.
@Suite(.needsRootAndLoop, .needsTool("fallocate", "cmp"), .serialized)
struct ReclaimBreakOffTests {
  private func start(_ arguments: String...) throws -> RunningCommand {
    try Command.start(
      try Products.headroom(), arguments: ["reclaim", "--json", "--apply"] + arguments,
      environment: Headroom.environment)
  }

  private func mountLine(_ mountpoint: String) throws -> String {
    let table = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
    return try #require(table.split(separator: "\n").map(String.init).last { $0.contains(" \(mountpoint) ") })
  }

  private func makeReadOnly(_ mountpoint: String, _ options: String) throws {
    // A child that another test is just starting has our files open until it is another program.
    for _ in 0..<50 {
      if try Command.run("mount", "-o", "remount,ro,\(options)", mountpoint).status == 0 { return }
      usleep(40_000)
    }
    try Command.check("mount", "-o", "remount,ro,\(options)", mountpoint)
  }

  /// Waits until holes are being punched; `false` where it was over before that was seen.
  private func waitForHoles(_ running: RunningCommand, _ image: String, below allocated: Int64) throws -> Bool {
    while running.isRunning {
      if try Reclaim.allocated(image) < allocated { return true }
      usleep(200)
    }
    return false
  }

  @Test("whoever opens the image ends the run, and reads it whole") func whoeverOpensTheImageEndsTheRun() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 400, mkfsArguments: ["-b", "1024"]) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 64, stripe: 1024)
      let content = try Reclaim.checksum(image)
      let running = try start(image)
      #expect(try waitForHoles(running, image, below: 64 << 20), "it was done too soon")
      let asked = ContinuousClock.now
      let file = open(image, O_RDONLY | O_CLOEXEC)
      let waited = ContinuousClock.now - asked
      #expect(file >= 0)
      close(file)
      #expect(waited < .seconds(10), "waited \(waited)")
      let result = try running.finish()
      #expect(result.status == 3)
      #expect(result.errors.contains("somebody opened it meanwhile"), "\(result)")
      let image1 = try #require(Reclaim.decoded(result).filesystems.first?.images.first)
      #expect(image1.state == .stopped)
      #expect(image1.punchedBytes ?? .zero < image1.rangeBytes)
      #expect(try Reclaim.checksum(image) == content)
      #expect(try Reclaim.run("--apply", "--verify", image).image.contentUnchanged == true)
      #expect(try Reclaim.checksum(image) == content)
    }
  }

  @Test(
    "a signal ends it after the present punch and the mount is put back",
    arguments: LongProof.cases([SIGTERM, SIGINT, SIGHUP], sample: 1))
  func aSignalEndsItAndTheMountIsPutBack(number: Int32) throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 400, mkfsArguments: ["-b", "1024"]) { mountpoint, device in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 32, stripe: 1024)
      let content = try Reclaim.checksum(image)
      try makeReadOnly(mountpoint, "nosuid,noatime")
      let mount = try mountLine(mountpoint)
      let running = try start("--remount", image)
      #expect(try waitForHoles(running, image, below: 32 << 20), "it was done too soon")
      running.signal(number)
      let result = try running.finish()
      #expect(result.status == 128 + number, "\(result)")
      #expect(try mountLine(mountpoint) == mount)
      let report = try Reclaim.decoded(result)
      #expect(report.filesystems.first?.images.first?.state == .stopped)
      #expect(report.filesystems.first?.leftWritable == nil)
      #expect(try Reclaim.checksum(image) == content)
      let done = try Reclaim.run("--apply", "--remount", image)
      #expect(try done.image.state == .done)
      #expect(try mountLine(mountpoint) == mount)
      #expect(try Reclaim.checksum(image) == content)
    }
  }

  @Test("a read-only mount is refused without --remount, and put back with it")
  func aReadOnlyMountIsRefusedWithoutRemount() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 8, stripe: 65536)
      try makeReadOnly(mountpoint, "nodev")
      let mount = try mountLine(mountpoint)
      let refused = try Reclaim.run("--apply", image, status: 3)
      #expect(refused.result.errors.contains("--remount"))
      #expect(try Reclaim.run("--apply", "--remount", image).filesystem.remounted == true)
      #expect(try mountLine(mountpoint) == mount)
    }
  }

  @Test("a write-protected device stays as it is") func aWriteProtectedDeviceStaysAsItIs() throws {
    let scratch = try ScratchDirectory()
    let file = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 100)
    try LoopMount.with(image: file) { mountpoint, _ in
      try Reclaim.makeStripes("\(mountpoint)/image", mebibytes: 8, stripe: 65536)
    }
    try LoopMount.with(image: file, readOnly: true) { mountpoint, _ in
      let mount = try mountLine(mountpoint)
      let refused = try Reclaim.run("--apply", "--remount", "\(mountpoint)/image", status: 3)
      #expect(refused.result.errors.contains("write-protected"), "\(refused.result)")
      #expect(try mountLine(mountpoint) == mount)
    }
  }

  @Test("a read-only bind mount of a writable filesystem is put back alone") func aReadOnlyBindMountIsPutBackAlone()
    throws
  {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100) { mountpoint, _ in
      try Reclaim.makeStripes("\(mountpoint)/image", mebibytes: 8, stripe: 65536)
      let scratch = try ScratchDirectory()
      let bind = try scratch.directory("bind")
      try Command.check("mount", "--bind", mountpoint, bind)
      defer { _ = try? Command.run("umount", bind) }
      try Command.check("mount", "-o", "remount,bind,ro,noexec", bind)
      let mounts = try (mountLine(bind), mountLine(mountpoint))
      #expect(try Reclaim.run("--apply", "--remount", "\(bind)/image").image.state == .done)
      #expect(try (mountLine(bind), mountLine(mountpoint)) == mounts)
    }
  }

  @Test("killed at any moment the content is intact, and a rerun finishes") func killedAtAnyMoment() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 200, mkfsArguments: ["-b", "1024"]) { mountpoint, _ in
      let original = "\(mountpoint)/original"
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(original, mebibytes: 24, stripe: 1024)
      try Command.check("cp", "--sparse=never", original, image)
      let whole = try start(image).finish()
      #expect(whole.status == 0)
      let finished = try Reclaim.allocated(image)
      let microseconds = Int(whole.elapsed / .microseconds(1))
      var random = Seed.current.derived(7)
      for attempt in 0..<LongProof.count(200, sample: 20) {
        try Command.check("cp", "--sparse=never", original, image)
        try Command.check("sync", image)
        let running = try start(image)
        let moment = Int.random(in: 0..<microseconds, using: &random)
        usleep(UInt32(moment))
        running.signal(SIGKILL)
        _ = try running.finish()
        try Command.check("cmp", original, image)
        #expect(try Reclaim.run("--apply", image).image.contentUnchanged == nil)
        #expect(try Reclaim.allocated(image) <= finished + 8192, "attempt \(attempt), \(Seed.current), \(moment) µs")
        try Command.check("cmp", original, image)
      }
    }
  }
}
