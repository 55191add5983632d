import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// `headroom reclaim --json`, and the files it is tried on.
enum Reclaim {
  struct Outcome {
    var report: ReclaimReport
    var result: Command.Result

    var image: ReclaimReport.Image { get throws { try #require(report.filesystems.first?.images.first) } }
    var filesystem: ReclaimReport.Filesystem { get throws { try #require(report.filesystems.first) } }
  }

  /// - Throws: Where the exit status is another than `status`, or what comes out is no report.
  @discardableResult
  static func run(_ arguments: String..., status: Int32 = 0) throws -> Outcome {
    try run(arguments: arguments, status: status)
  }

  @discardableResult
  static func run(arguments: [String], status: Int32 = 0) throws -> Outcome {
    let result = try Headroom.run(arguments: ["reclaim", "--json"] + arguments)
    guard result.status == status else { throw Unexpected(result.description) }
    return Outcome(report: try decoded(result), result: result)
  }

  static func decoded(_ result: Command.Result) throws -> ReclaimReport {
    do { return try JSONDecoder().decode(ReclaimReport.self, from: Data(result.output)) } catch {
      throw Unexpected("no report: \(error)\n\(result)")
    }
  }

  /// A file of stripes of random data and zeros in turn, written in full and on the disk.
  static func makeStripes(_ path: String, mebibytes: Int, stripe: Int) throws {
    var random = Seed.current.derived(stripe)
    var data = Data(capacity: mebibytes << 20)
    while data.count < mebibytes << 20 {
      var piece = Data(count: stripe)
      piece.withUnsafeMutableBytes { bytes in
        for index in stride(from: 0, to: bytes.count, by: 8) {
          bytes.storeBytes(of: UInt64.random(in: 1 ... .max, using: &random), toByteOffset: index, as: UInt64.self)
        }
      }
      data.append(piece)
      data.append(Data(count: stripe))
    }
    try write([UInt8](data), to: path)
  }

  /// Through a program: a descriptor of ours would be open in each child that another test starts meanwhile.
  static func write(_ bytes: [UInt8], to path: String) throws {
    try Command.check("dd", "of=\(path)", "bs=1M", "conv=fsync", "status=none", input: bytes)
  }

  static func checksum(_ path: String) throws -> String {
    try String(#require(Command.check("sha256sum", path).text.split(separator: " ").first))
  }

  /// Bytes that are mapped, as filefrag(8) shows them after a sync.
  static func mapped(_ path: String) throws -> Int64 {
    try Command.check("sync", path)
    return try IncidentTests.mappedBytes(path, 1024)
  }

  static func allocated(_ path: String) throws -> Int64 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Unexpected("stat of \(path)") }
    return Int64(status.st_blocks) * 512
  }

  static func syncedFree(_ mountpoint: String) throws -> Int64 {
    try Command.check("sync", "-f", mountpoint)
    if Command.exists("btrfs") { _ = try Command.run("btrfs", "filesystem", "sync", mountpoint) }
    return try IncidentTests.freeBytes(mountpoint)
  }
}
