import Foundation
import TestSupport
import Testing

/// An ext4 on a disk that begins to fail while something runs on it.
final class FaultyDisk {
  /// What fails, and what the filesystem does about errors of its own.
  struct Case: Sendable, CustomStringConvertible {
    var reads: Int
    var writes: Int
    /// `continue` or `remount-ro`.
    var onErrors: String
    var description: String { "reads \(reads) %, writes \(writes) %, errors=\(onErrors)" }

    static let all = [(100, 0), (0, 100), (100, 100), (3, 0), (0, 10), (3, 10)].flatMap { (reads, writes) in
      ["continue", "remount-ro"].map { Case(reads: reads, writes: writes, onErrors: $0) }
    }
  }

  /// How a run went on it.
  struct Outcome {
    var result: Command.Result
    /// Until the errors began.
    var moment: Int
  }

  let scratch: ScratchDirectory
  /// What each run starts from, and what it leaves.
  let pristine: String
  var file: String { scratch.file("disk.img") }

  init(sizeMiB: Int = 96, mkfsArguments: [String] = [], fill: (_ mountpoint: String) throws -> Void) throws {
    scratch = try ScratchDirectory()
    pristine = try LoopMount.makeFilesystem(
      "ext4", in: scratch, name: "pristine.img", sizeMiB: sizeMiB, mkfsArguments: mkfsArguments)
    try LoopMount.with(image: pristine, type: "ext4") { mountpoint, _ in
      try fill(mountpoint)
      try Command.check("sync", "-f", mountpoint)
    }
  }

  /// Runs a command on it; errors begin after so many microseconds (`nil`: never) and end when it has ended.
  func run(_ row: Case, after moment: Int?, _ arguments: (_ mountpoint: String) -> [String]) throws -> Outcome {
    try Command.check("cp", "--sparse=always", pristine, file)
    let device = try ServedDevice(image: file, trouble: .errors(reads: row.reads, writes: row.writes))
    let mount = try Mount(device: device.path, type: "ext4", options: ["errors=\(row.onErrors)"])
    let running = try Command.start(
      try Products.headroom(), arguments: arguments(mount.mountpoint), environment: Headroom.environment)
    if let moment {
      usleep(UInt32(moment))
      device.isFailing = true
    }
    let result = try running.finish()
    device.isFailing = false
    try mount.unmount()
    try device.close()
    return Outcome(result: result, moment: moment ?? 0)
  }

  /// Runs a command once undisturbed, then again and again with errors that begin at random moments.
  ///
  /// - Parameters:
  ///   - salt: Makes the moments others than those of another proof with the same seed.
  ///   - afterwards: Is given how a run went, whether it failed, and words for a message.
  func rounds(
    _ row: Case, salt: Int, _ arguments: (_ mountpoint: String) -> [String],
    afterwards: (_ outcome: Outcome, _ isDone: Bool, _ words: String) throws -> Void
  ) throws {
    let whole = try run(row, after: nil, arguments)
    #expect(whole.result.status == 0, "\(whole.result)")
    var random = Seed.current.derived(row.reads * 1000 + row.writes + salt)
    var failed = 0
    let count = LongProof.count(10, sample: 2)
    for number in 0..<count {
      // The first run takes the longest.
      let length = Int(whole.result.elapsed / .microseconds(1)) * 7 / 10
      let outcome = try run(row, after: Int.random(in: 0..<length, using: &random), arguments)
      let words = "\(row), \(Seed.current), number \(number), \(outcome.moment) µs: \(outcome.result)"
      let isDone = outcome.result.status == 0
      if !isDone {
        failed += 1
        #expect(Self.isClear(outcome.result), "\(words)")
      }
      try afterwards(outcome, isDone, words)
    }
    print("\(arguments("")[0]), \(row): \(failed) of \(count) failed")
  }

  /// Mounts what a run has left, on a disk that works again: first as it is, then after `e2fsck -fy`.
  func afterwards(_ body: (_ mountpoint: String, _ isRepaired: Bool) throws -> Void) throws {
    try LoopMount.with(image: file, type: "ext4", options: ["ro"]) { mountpoint, _ in try body(mountpoint, false) }
    let repaired = try Command.run("e2fsck", "-fy", file)
    guard repaired.status <= 1 else { throw Unexpected("e2fsck: \(repaired)") }
    try LoopMount.with(image: file, type: "ext4") { mountpoint, _ in try body(mountpoint, true) }
  }

  /// A message as all have it: what could not be done, why, and a call that failed.
  static func isClear(_ result: Command.Result) -> Bool {
    result.status == 3 && result.errors.hasPrefix("headroom: cannot ") && !result.errors.contains("Fatal error")
  }
}
