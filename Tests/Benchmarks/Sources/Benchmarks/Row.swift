import Foundation

/// One program at one work.
struct Contender {
  enum Role: String, Codable {
    case headroom
    /// Headroom as well, at what it is compared with.
    case reference
    /// Another program that does a part of the work.
    case peer
    /// A minimal C program that only makes the calls or only touches the bytes.
    case floor
  }

  var name: String
  var role: Role
  /// Run one after the other inside the timed region.
  var commands: [[String]]
  /// Exit statuses that are no failure.
  var statuses: Set<Int32> = [0]
  /// Called before each sample; not timed.
  var before: () throws -> Void = {}
  /// Called after each sample; not timed. What it returns is a figure that others must have too: bytes left allocated.
  var after: () throws -> Int? = { nil }

  init(_ name: String, _ role: Role, _ commands: [String]..., statuses: Set<Int32> = [0]) {
    self.name = name
    self.role = role
    self.commands = commands
    self.statuses = statuses
  }
}

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
