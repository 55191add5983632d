import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The built command, run as a person runs it.
enum Headroom {
  /// Of every run: no colour, no node's root and no clock from whoever runs the tests.
  static let environment = [
    "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "COLUMNS": "100", "HEADROOM_SYSROOT": "", "SOURCE_DATE_EPOCH": "",
  ]

  static func run(
    _ arguments: String..., environment: [String: String] = [:], asUser: UInt32? = nil, directory: String? = nil,
    timeout: Duration = .seconds(120)
  ) throws -> Command.Result {
    try run(
      arguments: arguments, environment: environment, asUser: asUser, directory: directory, timeout: timeout)
  }

  static func run(
    arguments: [String], environment: [String: String] = [:], asUser: UInt32? = nil, directory: String? = nil,
    timeout: Duration = .seconds(120)
  ) throws -> Command.Result {
    try Command.run(
      Products.headroom(), arguments: arguments, environment: Self.environment.merging(environment) { $1 },
      asUser: asUser, directory: directory, timeout: timeout)
  }

  /// The report of `headroom audit … --json`.
  ///
  /// - Throws: Where the exit status is another than `status`, or what comes out is no report.
  static func audit(_ arguments: String..., status: Int32 = 0, asUser: UInt32? = nil) throws -> Report {
    let result = try run(arguments: ["audit", "--json"] + arguments, asUser: asUser)
    guard result.status == status else { throw Unexpected(result.description) }
    return try report(result)
  }

  static func report(_ result: Command.Result) throws -> Report {
    do { return try JSONDecoder().decode(Report.self, from: Data(result.output)) } catch {
      throw Unexpected("no report: \(error)\n\(result)")
    }
  }

  static func map(_ arguments: String..., status: Int32 = 0, asUser: UInt32? = nil) throws -> MapDocument {
    let result = try run(arguments: ["map", "--json"] + arguments, asUser: asUser)
    guard result.status == status else { throw Unexpected(result.description) }
    return try JSONDecoder().decode(MapDocument.self, from: Data(result.output))
  }
}

/// What `headroom map --json` writes of one image.
struct MapDocument: Codable, Hashable {
  struct Extent: Codable, Hashable {
    var start_bytes: UInt64
    var length_bytes: UInt64
    var kind: String
    var physical_bytes: UInt64?
    var shared: Bool?
  }
  var path: String
  var path_encoding: String?
  var apparent_bytes: UInt64
  var allocated_bytes: UInt64
  var extents: [Extent]
  var data_bytes: UInt64?
  var hole_bytes: UInt64?
  var unwritten_bytes: UInt64?
  var past_eof_bytes: UInt64?
  var metadata_bytes: UInt64?
  var shared_bytes: UInt64?
  var zero_bytes: UInt64?
  var reclaimable_bytes: UInt64?
  var extent_count: Int?
  var fragment_count: Int?
  var map_source: String
}

extension Report {
  /// The image a test is about.
  func image(_ path: String, on label: String? = nil) throws -> ImageUsage {
    let found = partitions.filter { label == nil || $0.filesystemLabel == label }.flatMap { $0.images ?? [] }
      .first { $0.path.display == path }
    return try #require(found, "no image \(path) in the report")
  }

  func partition(_ label: String) throws -> Partition {
    try #require(partitions.first { $0.filesystemLabel == label }, "no partition \(label) in the report")
  }

  func findings(_ id: Finding.ID) -> [Finding] { findings.filter { $0.id == id } }
}

/// Something else happened than a test is built on.
struct Unexpected: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
