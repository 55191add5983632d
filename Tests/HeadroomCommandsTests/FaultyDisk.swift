import Foundation
import TestSupport

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
