import Foundation

/// What --json writes and --compare reads.
struct RunRecord: Codable {
  struct Machine: Codable {
    var kernel: String
    var processors: Int
    var memoryBytes: UInt64
  }

  var format = 1
  var madeAt: String
  var scale: Scale.Name
  var headroomVersion: String
  var headroomBytes: Int
  var machine: Machine
  var rows: [RowRecord] = []

  init(bench: Bench) throws {
    scale = bench.scale.name
    madeAt = ISO8601DateFormatter().string(from: Date())
    headroomVersion = try Command.run([bench.headroom, "--version"]).trimmingCharacters(in: .whitespacesAndNewlines)
    headroomBytes = try Workplace.size(bench.headroom)
    let kernel = try Command.run(["uname", "-r"]).trimmingCharacters(in: .whitespacesAndNewlines)
    let process = ProcessInfo.processInfo
    machine = Machine(kernel: kernel, processors: process.activeProcessorCount, memoryBytes: process.physicalMemory)
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(filePath: path), options: .atomic)
  }

  static func read(_ path: String) throws -> RunRecord {
    do {
      return try JSONDecoder().decode(RunRecord.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw Failure("cannot read \(path) as a benchmark's JSON: \(error)")
    }
  }

  var missed: Int { rows.flatMap(\.targets).count { $0.met == false } }
  var met: Int { rows.flatMap(\.targets).count { $0.met == true } }
  var unjudged: Int { rows.flatMap(\.targets).count { $0.met == nil } }
  /// Rows that should have run and did not, or whose two sides differ.
  var failed: [RowRecord] { rows.filter { $0.failure != nil } }
  /// Rows that cannot run on this machine or as this user.
  var leftOut: [RowRecord] { rows.filter { $0.obstacle != nil } }
}

/// One row as it was measured.
struct RowRecord: Codable {
  struct ContenderRecord: Codable {
    var name: String
    var role: Contender.Role
    var series: Series
    var figure: Int?
  }

  struct TargetRecord: Codable {
    var text: String
    var value: String
    var met: Bool?
  }

  var name: String
  var title: String
  /// What both sides said of the workload.
  var agreement = ""
  var contenders: [ContenderRecord] = []
  var targets: [TargetRecord] = []
  /// Why this machine or this user cannot have figures.
  var obstacle: String?
  /// What went wrong.
  var failure: String?

  init(name: String, title: String) {
    self.name = name
    self.title = title
  }
}
