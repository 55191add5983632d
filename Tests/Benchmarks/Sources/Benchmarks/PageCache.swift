import Foundation

/// What of a file is in the page cache.
enum PageCache {
  static let control = "/proc/sys/vm/drop_caches"

  /// Pages resident, of all.
  static func residency(of path: String) throws -> (resident: Int, pages: Int) {
    let size = try Workplace.size(path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("cannot open \(path): \(lastError())") }
    defer { close(descriptor) }
    let page = 4096
    let pages = (size + page - 1) / page
    guard let memory = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), memory != MAP_FAILED else {
      throw Failure("cannot map \(path): \(lastError())")
    }
    defer { munmap(memory, size) }
    var map = [UInt8](repeating: 0, count: pages)
    guard mincore(memory, size, &map) == 0 else { throw Failure("mincore of \(path): \(lastError())") }
    return (map.reduce(0) { $0 + Int($1 & 1) }, pages)
  }

  /// Empties the cache of everything that is clean. Root.
  static func drop() throws {
    sync()
    let descriptor = open(Self.control, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("cannot drop the page cache: \(lastError())") }
    defer { close(descriptor) }
    guard write(descriptor, "3\n", 2) == 2 else { throw Failure("cannot drop the page cache: \(lastError())") }
  }

  /// Reads the first bytes of a file into the cache.
  static func warm(_ path: String, bytes: Int) throws {
    try Command.run(["head", "-c", String(bytes), path], discarding: true)
  }

  /// Runs the command once with one file half in the cache and another wholly, and says by how many parts in a hundred
  /// of its pages the residency of each changed, the greater of the two.
  static func change(scanning file: String, beside other: String, _ command: [String]) throws -> Double {
    try drop()
    try warm(file, bytes: try Workplace.size(file) / 2)
    try warm(other, bytes: try Workplace.size(other))
    let before = try [file, other].map { try residency(of: $0) }
    try Command.run(command, discarding: true)
    let after = try [file, other].map { try residency(of: $0) }
    return zip(before, after).map { 100 * abs(Double($1.resident - $0.resident)) / Double($0.pages) }.max() ?? 0
  }
}
