import Foundation

extension SparsePlan {
  public enum BlockClass: Hashable, Sendable {
    case hole
    case unwritten
    case data
  }

  /// A stretch of a file, of one class; `isZero` is said of data that counts as zero.
  public struct Run: Hashable, Sendable {
    public var range: Range<Int>
    public var blockClass: BlockClass
    public var isZero: Bool

    public init(range: Range<Int>, blockClass: BlockClass, isZero: Bool) {
      self.range = range
      self.blockClass = blockClass
      self.isZero = isZero
    }
  }

  /// What a measurement must find, in bytes. `data + hole + unwritten = size`; zero is part of data.
  public struct Expectation: Hashable, Sendable {
    public var size: Int
    public var blockBytes: Int
    public var unitBytes: Int
    /// The class of each block that holds a byte of the file.
    public var blocks: [BlockClass]
    /// Of each block: data in an allocation unit that reads wholly as zeros.
    public var zeroBlocks: [Bool]
    public var data: Int
    public var hole: Int
    public var unwritten: Int
    public var zero: Int
    /// Mapped beyond the end: the rest of the last block, and what was preallocated behind it.
    public var pastEnd: Int

    /// The whole map, neighbours of one class put together. With `zeros`, zero data and other data are told apart.
    public func runs(zeros: Bool = false) -> [Run] {
      var runs: [Run] = []
      for (index, blockClass) in blocks.enumerated() {
        let range = index * blockBytes..<min(size, (index + 1) * blockBytes)
        let isZero = zeros && zeroBlocks[index]
        if let last = runs.last, last.blockClass == blockClass, last.isZero == isZero {
          runs[runs.count - 1].range = last.range.lowerBound..<range.upperBound
        } else {
          runs.append(Run(range: range, blockClass: blockClass, isZero: isZero))
        }
      }
      return runs
    }
  }

  /// What the file holds in the end.
  public var contents: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    for operation in operations {
      let range = operation.range.clamped(to: 0..<size)
      guard !range.isEmpty else { continue }
      bytes.withUnsafeMutableBytes { buffer in
        guard let base = buffer.baseAddress else { return }
        switch operation {
        case .write: Self.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[range]), from: range.lowerBound)
        case .zeros, .punch: memset(base + range.lowerBound, 0, range.count)
        case .preallocate: break
        }
      }
    }
    return bytes
  }

  /// Whether zeros lie where space was preallocated: until a sync the kernel shows them as unwritten still.
  public var hasZerosOverPreallocation: Bool {
    let expected = expectation(blockBytes: 512, unitBytes: 512)
    var preallocated = [Bool](repeating: false, count: expected.blocks.count)
    for operation in operations {
      // Preallocation works on whole blocks; a punch gives them back.
      let grains = operation.range.lowerBound / grain..<(operation.range.upperBound + grain - 1) / grain
      let blocks = (grains.lowerBound * grain / 512..<grains.upperBound * grain / 512).clamped(to: preallocated.indices)
      switch operation {
      case .preallocate: for block in blocks { preallocated[block] = true }
      case .punch: for block in blocks { preallocated[block] = false }
      case .write, .zeros: break
      }
    }
    // Judged by the smallest block there is, whose neighbours in a larger block may be what is not zero: errs on the
    // side of yes.
    return zip(preallocated, zip(expected.blocks, expected.zeroBlocks)).contains { $0 && $1.0 == .data && $1.1 }
  }

  /// The map that the filesystem must have in the end.
  ///
  /// - Parameters:
  ///   - blockBytes: Its block size: what a single write makes data of, and no more.
  ///   - unitBytes: Its allocation unit, in which zeros are counted: the block, or ext4's bigalloc cluster.
  public func expectation(blockBytes: Int, unitBytes: Int? = nil) -> Expectation {
    let unit = unitBytes ?? blockBytes
    precondition(grain % blockBytes == 0, "the plan's punches are not aligned to blocks of \(blockBytes)")
    let end = operations.map(\.range.upperBound).reduce(size, max)
    var blocks = [BlockClass](repeating: .hole, count: (end + blockBytes - 1) / blockBytes)
    for operation in operations {
      let touched = operation.range.lowerBound / blockBytes..<(operation.range.upperBound + blockBytes - 1) / blockBytes
      for block in touched.clamped(to: blocks.indices) {
        switch operation {
        case .write, .zeros: blocks[block] = .data
        case .preallocate: if blocks[block] == .hole { blocks[block] = .unwritten }
        case .punch: blocks[block] = .hole
        }
      }
    }

    let inside = (size + blockBytes - 1) / blockBytes
    var expected = Expectation(
      size: size, blockBytes: blockBytes, unitBytes: unit, blocks: Array(blocks[..<inside]),
      zeroBlocks: [Bool](repeating: false, count: inside), data: 0, hole: 0, unwritten: 0, zero: 0, pastEnd: 0)
    expected.pastEnd = blocks[inside...].filter { $0 != .hole }.count * blockBytes
    if let last = expected.blocks.last, last != .hole { expected.pastEnd += inside * blockBytes - size }
    contents.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: size, by: unit) {
        let readsZero = Self.isZero(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + unit, size)]))
        for block in start / blockBytes..<min((start + unit) / blockBytes, inside) {
          let length = min(size, (block + 1) * blockBytes) - block * blockBytes
          switch expected.blocks[block] {
          case .hole: expected.hole += length
          case .unwritten: expected.unwritten += length
          case .data:
            expected.data += length
            if readsZero {
              expected.zero += length
              expected.zeroBlocks[block] = true
            }
          }
        }
      }
    }
    return expected
  }

  private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
    return memcmp(base, base + 1, bytes.count - 1) == 0
  }

  /// Bytes without a zero among them, the same at the same offset.
  private static let pool: [UInt8] = {
    var random = Seed(1)
    return (0..<65536).map { _ in UInt8.random(in: 1...255, using: &random) }
  }()

  private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) {
    var done = 0
    while done < buffer.count {
      let place = (offset + done) % pool.count
      let length = min(pool.count - place, buffer.count - done)
      pool.withUnsafeBytes { source in
        guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
        memcpy(to + done, from + place, length)
      }
      done += length
    }
  }
}

// MARK: Writing

extension SparsePlan {
  public enum Synchronization: Sendable {
    /// Nothing is synced: what is measured may not be on disk yet.
    case none
    /// `fsync` when all is done.
    case atEnd
    /// After every operation: the filesystem cannot gather them, and the file comes out fragmented.
    case afterEachOperation
  }

  /// Carries the plan out on a new file.
  ///
  /// - Throws: ``SystemCallFailure``, also where the filesystem cannot preallocate or punch.
  public func write(to path: String, synchronize: Synchronization = .none) throws {
    // A file that is cut keeps what its inode is like: ext4 writes the first block of one that was inline, even as zeros.
    unlink(path)
    let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw SystemCallFailure("open", path) }
    defer { close(file) }
    guard ftruncate(file, size) == 0 else { throw SystemCallFailure("ftruncate", path) }
    for operation in operations {
      let range = operation.range
      switch operation {
      case .write:
        var bytes = [UInt8](repeating: 0, count: range.count)
        bytes.withUnsafeMutableBytes { Self.fill($0, from: range.lowerBound) }
        try Self.write(bytes, to: file, at: range.lowerBound, path: path)
      case .zeros:
        try Self.write([UInt8](repeating: 0, count: range.count), to: file, at: range.lowerBound, path: path)
      case .preallocate:
        try SystemCalls.fallocate(
          file, mode: SystemCalls.keepSize, offset: range.lowerBound, length: range.count, path: path)
      case .punch:
        try SystemCalls.fallocate(
          file, mode: SystemCalls.punchHole | SystemCalls.keepSize, offset: range.lowerBound, length: range.count,
          path: path)
      }
      if synchronize == .afterEachOperation { fsync(file) }
    }
    if synchronize == .atEnd { fsync(file) }
  }

  private static func write(_ bytes: [UInt8], to file: Int32, at offset: Int, path: String) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(file, $0.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
      }
      guard count > 0 else { throw SystemCallFailure("pwrite", path) }
      done += count
    }
  }
}
