import Foundation

/// Numbers that are the same on every machine and in every run (xorshift).
struct Random: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

/// A file that is being written by position.
struct Writer {
  private let descriptor: Int32
  private let path: String

  init(_ path: String, creating: Bool = true) throws {
    self.path = path
    descriptor = open(path, creating ? O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure("cannot create \(path): \(lastError())") }
  }

  func truncate(to bytes: Int) throws {
    guard ftruncate(descriptor, bytes) == 0 else { throw Failure("cannot size \(path): \(lastError())") }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let count = pwrite(descriptor, base + done, bytes.count - done, offset + done)
      guard count > 0 else { throw Failure("cannot write \(path): \(lastError())") }
      done += count
    }
  }

  /// Fewer bytes than asked for at the end of the file only.
  func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    let count = pread(descriptor, bytes.baseAddress, bytes.count, offset)
    guard count >= 0 else { throw Failure("cannot read \(path): \(lastError())") }
    return count
  }

  func close() throws {
    guard Glibc.close(descriptor) == 0 else { throw Failure("cannot close \(path): \(lastError())") }
  }

  /// So that its extents are on the disk and no write is outstanding while something is timed.
  func finish() throws {
    let synced = fsync(descriptor) == 0
    try close()
    guard synced else { throw Failure("cannot sync \(path): \(lastError())") }
  }
}

/// A pool of random bytes of which slices are taken: gigabytes in a second, and no block of them is zeros.
struct RandomBytes {
  private let pool: [UInt64]
  private var random: Random

  init(seed: UInt64, capacity: Int) {
    random = Random(seed)
    var filling = random
    pool = (0..<(2 * capacity / 8 + 1)).map { _ in filling.next() | 1 }
    random = filling
  }

  mutating func with<Result>(_ count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let start = Int(random.next() % UInt64(pool.count * 8 - count)) & ~7
    return try pool.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)])) }
  }
}
