import Foundation
import SpaceModel
import TestSupport
import Testing

/// What `headroom copy --json` writes.
struct CopyDocument: Codable, Hashable {
  var source: String
  var destination: String
  var method: String
  var apparent_bytes: UInt64
  var copied_bytes: UInt64
  var hole_bytes: UInt64
  var dug_bytes: UInt64
  var source_allocated_bytes: UInt64
  var allocated_bytes: UInt64
  var replaced_allocated_bytes: UInt64?
  var label: String?
  var label_removed: Bool?
  var verified: Bool
  var source_read: String?
  var destination_read: String?
  var not_kept: [String]?
}

/// Files to copy, and what is looked at afterwards.
enum CopyImage {
  static func copy(_ arguments: String..., asUser: UInt32? = nil) throws -> CopyDocument {
    let result = try Headroom.run(arguments: ["copy", "--json"] + arguments, asUser: asUser)
    guard result.status == 0 else { throw Unexpected(result.description) }
    return try JSONDecoder().decode(CopyDocument.self, from: Data(result.output))
  }

  /// A file of every kind of range there is: data, zeros, holes, preallocation, a size that is no multiple of anything.
  static func make(_ path: String, megabytes: Int = 24, preallocation: Bool = true) throws {
    try Command.check("dd", "if=/dev/urandom", "of=\(path)", "bs=1M", "count=\(megabytes / 4)", "status=none")
    func zeros(_ block: String, _ count: Int, at seek: Int) throws {
      try Command.check(
        "dd", "if=/dev/zero", "of=\(path)", "bs=\(block)", "count=\(count)", "seek=\(seek)", "conv=notrunc",
        "status=none")
    }
    try zeros("1M", megabytes / 4, at: megabytes / 2)
    // Single blocks and parts of blocks.
    try zeros("4096", 3, at: 100)
    try zeros("1000", 9, at: 701)
    if preallocation { try Command.check("fallocate", "-o", "\(megabytes * 7 / 8)M", "-l", "1M", path) }
    try Command.check("truncate", "-s", "\(megabytes * (1 << 20) + 12_345)", path)
    try Command.check(
      "sh", "-c", "printf end | dd of=\(path) bs=1 seek=\(megabytes * (1 << 20) + 12_000) conv=notrunc status=none")
    try Command.check("sync", "-f", path)
  }

  /// A file that a copy is to replace, or not.
  ///
  /// By a shell: a descriptor of the tests may be inherited by what another test starts, and then keeps the file open for
  /// writing.
  static func writeOld(_ path: String) throws { try Command.check("sh", "-c", "printf old > \(path)") }

  static func allocated(_ path: String) throws -> UInt64 {
    try Command.check("sync", "-f", path)
    let text = try Command.check("stat", "-c", "%b", path).text.trimmingCharacters(in: .whitespacesAndNewlines)
    return try #require(UInt64(text)) * 512
  }

  /// The names in a directory.
  static func entries(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0 != "lost+found" }.sorted()
  }
}
