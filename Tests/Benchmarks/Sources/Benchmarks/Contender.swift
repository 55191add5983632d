/// One program at one work.
struct Contender {
  enum Role: String, Codable {
    case headroom
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
