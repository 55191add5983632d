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

  /// Has the first bytes of a file in the cache as reading brings them there, which is how a node has its images: in
  /// large folios. What was just written may lie there in single pages, and mapping those takes three times as long.
  static func warm(_ path: String, bytes: Int) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("cannot open \(path): \(lastError())") }
    defer { close(descriptor) }
    // What is dirty stays in the cache.
    guard fsync(descriptor) == 0, posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
      throw Failure("cannot evict \(path): \(lastError())")
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while offset < bytes {
      let count = pread(descriptor, &buffer, min(buffer.count, bytes - offset), offset)
      guard count > 0 else { throw Failure("cannot read \(path): \(lastError())") }
      offset += count
    }
  }

  /// Runs the command with one file half in the cache and another wholly, and says by how many parts in a hundred of its
  /// pages the residency of each changed, the greater of the two.
  ///
  /// The least of three: whatever else runs on the machine can only add to it.
  static func change(scanning file: String, beside other: String, _ command: [String]) throws -> Double {
    var least = Double.infinity
    for _ in 0..<3 where least > 0.1 {
      try warm(file, bytes: Workplace.size(file) / 2)
      try warm(other, bytes: Workplace.size(other))
      let before = try [file, other].map(residency)
      try Command.run(command, discarding: true)
      let after = try [file, other].map(residency)
      let changes = zip(before, after).map { 100 * abs(Double($1.resident - $0.resident)) / Double($0.pages) }
      least = min(least, changes.max() ?? 0)
    }
    return least
  }
}
