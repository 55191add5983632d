import Foundation
import TestSupport
import Testing

/// A command that runs while the power is cut at several moments.
enum PowerCutRun {
  /// - Parameters:
  ///   - moments: In microseconds from its start, ascending.
  ///   - isSynced: The filesystem is synced all the while; else its journal is written once in five seconds, and at the end.
  /// - Returns: What the disk held at each of them, and last when the command had ended well.
  static func snapshots(
    of arguments: [String], at moments: [Int], on mountpoint: String, isSynced: Bool, _ cut: () throws -> String
  ) throws -> [String] {
    let syncing =
      isSynced
      ? try Command.start("sh", arguments: ["-c", "while :; do sync -f \(mountpoint); sleep 0.01; done"]) : nil
    let running = try Command.start(
      try Products.headroom(), arguments: arguments, environment: Headroom.environment)
    var (snapshots, at) = ([String](), 0)
    for moment in moments {
      usleep(UInt32(max(0, moment - at)))
      at = moment
      snapshots.append(try cut())
    }
    let result = try running.finish()
    snapshots.append(try cut())
    syncing?.signal(SIGKILL, wholeGroup: true)
    _ = try syncing?.finish()
    #expect(result.status == 0, "\(result)")
    return snapshots
  }
}
