import Foundation
import SpaceReport
import TestSupport
import Testing

/// A device that never answers costs its limit and no more: a loop device on a file of a FUSE filesystem whose server
/// stands still.
@Suite(.serialized, .needsRootAndLoop, .needsTool("fuse2fs", "fusermount")) struct SilentDeviceTests {
  @Test("it is named, the rest of the report is there, and the process ends")
  func itIsNamedTheRestOfTheReportIsThereAndTheProcessEnds() throws {
    let scratch = try ScratchDirectory()
    let good = try scratch.sparseFile("good.img", bytes: 16 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-L", "GOOD", good)
    let silent = try SilentDevice(in: scratch)
    defer { silent.end() }
    try silent.stop()
    let started = ContinuousClock.now
    let result = try Headroom.run(
      "audit", "--json", "--device", silent.path, "--disk", good, timeout: .seconds(20))
    let elapsed = ContinuousClock.now - started
    #expect(elapsed > .seconds(4) && elapsed < .seconds(7), "took \(elapsed)")
    #expect(result.status == 3)
    #expect(
      result.errors.hasPrefix("headroom: cannot probe '\(silent.path)': the device did not answer in time\n"),
      "\(result.errors)")
    let report = try Headroom.report(result)
    #expect(report.limits.contains { $0.message.contains(silent.path) })
    #expect(report.partitions.map(\.filesystemLabel) == ["GOOD"])
  }

  @Test("one that answers from the cache and then no more is named, too")
  func oneThatAnswersFromTheCacheAndThenNoMoreIsNamedToo() throws {
    let scratch = try ScratchDirectory()
    let good = try scratch.sparseFile("good.img", bytes: 16 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-L", "GOOD", good)
    let silent = try SilentDevice(in: scratch)
    defer { silent.end() }
    silent.keepCache()
    #expect(try Headroom.run("partitions", "--device", silent.path).status == 0)
    try silent.stop(dropCaches: false)
    let started = ContinuousClock.now
    let result = try Headroom.run(
      "audit", "--json", "--device", silent.path, "--disk", good, timeout: .seconds(20))
    let elapsed = ContinuousClock.now - started
    #expect(elapsed < .seconds(12), "took \(elapsed)")
    let report = try Headroom.report(result)
    #expect(
      report.limits.contains { $0.message.contains(silent.path) && $0.message.contains("did not answer within 5 s") })
    #expect(report.partitions.map(\.filesystemLabel) == ["GOOD", "SILENT"])
    #expect(report.findings(.partitionUnreadable).map(\.target) == ["SILENT"])
    #expect(report.verdict == .unknown)
  }

  @Test("an audit of the machine does not open it at all") func anAuditOfTheMachineDoesNotOpenItAtAll() throws {
    let scratch = try ScratchDirectory()
    let silent = try SilentDevice(in: scratch)
    defer { silent.end() }
    try silent.stop()
    let result = try Headroom.run("audit", "--json", "--label", "SILENT", timeout: .seconds(20))
    #expect(result.elapsed < .seconds(4))
    let report = try Headroom.report(result)
    let name = silent.path.dropFirst("/dev/".count)
    #expect(report.limits.contains { $0.id == "device-not-opened" && $0.message.contains(name) }, "\(report.limits)")
  }
}

/// A loop device on a file inside a filesystem that `fuse2fs` serves.
final class SilentDevice {
  private let mountpoint: String
  private var server: pid_t = 0
  private(set) var path = ""
  private var keeper: Int32 = -1
  private var hasEnded = false
  /// Lets the server go on whatever becomes of the test: who waits for a stopped one can be killed by nobody.
  private var watchdog: RunningCommand?

  init(in scratch: ScratchDirectory) throws {
    let tree = try scratch.directory("tree")
    // Too much to be cached by whoever reads its superblock.
    let files = try scratch.directory("files")
    try FileManager.default.createDirectory(atPath: "\(files)/cOS", withIntermediateDirectories: true)
    try Command.check(
      "dd", "if=/dev/urandom", "of=\(files)/cOS/active.img", "bs=1M", "count=16", "status=none")
    let inner = try scratch.sparseFile("tree/inner.img", bytes: 48 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-L", "SILENT", "-d", files, inner)
    let served = try scratch.sparseFile("served.img", bytes: 96 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-d", tree, served)
    mountpoint = try scratch.directory("served")
    try Command.check("fuse2fs", served, mountpoint, "-o", "ro")
    do {
      let processes = try Command.check("pgrep", "-f", "^[^ ]*fuse2fs \(served) ").lines.compactMap { pid_t($0) }
      guard processes.count == 1 else { throw Unexpected("which of \(processes) serves \(mountpoint)?") }
      server = processes[0]
      path = try Command.check("losetup", "-f", "--show", "-r", "\(mountpoint)/inner.img").text
        .trimmingCharacters(in: .newlines)
    } catch {
      end()
      throw error
    }
  }

  deinit { end() }

  /// The cache of a device lives as long as somebody has it open.
  func keepCache() { keeper = open(path, O_RDONLY | O_CLOEXEC) }

  /// From now on nothing answers that is not cached.
  func stop(dropCaches: Bool = true) throws {
    if dropCaches { try "3".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8) }
    watchdog = try Command.start("sh", arguments: ["-c", "sleep 20; kill -CONT \(server)"])
    guard kill(server, SIGSTOP) == 0 else { throw Unexpected("cannot stop process \(server)") }
  }

  /// The server goes on, whoever waits for it is served, and all is taken apart.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    if server > 0 {
      kill(server, SIGCONT)
      server = 0
    }
    watchdog = nil
    if keeper >= 0 { close(keeper) }
    keeper = -1
    if !path.isEmpty { _ = try? Command.run("losetup", "-d", path) }
    path = ""
    for _ in 0..<50 {
      // Whoever waited for it is only now on his way out.
      guard let result = try? Command.run("fusermount", "-u", mountpoint), result.status != 0 else { return }
      usleep(100_000)
    }
    _ = try? Command.run("umount", "-l", mountpoint)
  }
}
