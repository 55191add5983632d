import Foundation

/// A work of the table.
struct Row: Sendable {
  /// What --only takes.
  let name: String
  /// What the work is.
  let title: String
  /// Programs without which it makes no sense.
  var tools: [String] = []
  var needs: [Need] = []
  let prepare: @Sendable (Bench) throws -> Trial

  /// What only some machines, and some users, have.
  enum Need: Sendable {
    case loopMount
    case coldCache

    /// Why it is not here, or nil.
    var absence: String? {
      guard geteuid() == 0 else { return "needs root" }
      switch self {
      case .loopMount: return access("/dev/loop-control", F_OK) == 0 ? nil : "there are no loop devices here"
      case .coldCache: return access(PageCache.control, W_OK) == 0 ? nil : "the page cache cannot be dropped here"
      }
    }
  }
}

/// A row that is ready to be run: its workload exists, its programs are there.
struct Trial {
  var contenders: [Contender]
  var targets: [Target]
  /// Why a peer that the targets name does not take part.
  var absent: [String: String] = [:]
  /// Compares what both sides say about the workload, once, and returns it in a few words. Throws where they differ.
  var agreement: () throws -> String = { "" }
  /// Called at the end, whatever happened: unmounts, removes.
  var finish: () -> Void = {}
}
