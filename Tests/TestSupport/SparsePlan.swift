import Foundation

/// A random sparse file whose map is known beforehand, because the plan it is written from says so.
///
/// The file is first truncated to its size, then the operations are carried out in order. ``expectation(blockBytes:unitBytes:)``
/// is what any honest measurement must then find.
public struct SparsePlan: Hashable, Sendable, CustomStringConvertible {
  public enum Operation: Hashable, Sendable {
    /// Bytes, none of them zero.
    case write(Range<Int>)
    /// Zeros, written out.
    case zeros(Range<Int>)
    /// `fallocate`, at times beyond the end of the file (the size stays).
    case preallocate(Range<Int>)
    /// `fallocate` with PUNCH_HOLE; always whole grains.
    case punch(Range<Int>)

    public var range: Range<Int> {
      switch self {
      case .write(let range), .zeros(let range), .preallocate(let range), .punch(let range): range
      }
    }
  }

  /// What a plan may hold, for filesystems and moments that cannot tell everything.
  public struct Contents: OptionSet, Hashable, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let preallocation = Contents(rawValue: 1)
    /// Zeros written into preallocated space: until they are on disk, the kernel says of them what it says of
    /// preallocated space that was read, so such files can only be compared after a sync.
    public static let zerosOverPreallocation = Contents(rawValue: 2)
    public static let preallocationPastEnd = Contents(rawValue: 4)
    public static let punches = Contents(rawValue: 8)
    public static let all: Contents = [.preallocation, .zerosOverPreallocation, .preallocationPastEnd, .punches]
    /// What can be measured right after writing, before anything is synced.
    public static let unsynced: Contents = [.preallocation, .preallocationPastEnd, .punches]
  }

  public var seed: UInt64
  public var size: Int
  /// The largest block size the plan is good for; punches are aligned to it.
  public var grain: Int
  public var operations: [Operation]

  public init(seed: UInt64, size: Int, grain: Int, operations: [Operation]) {
    self.seed = seed
    self.size = size
    self.grain = grain
    self.operations = operations
  }

  public var description: String {
    "plan of \(size) bytes (seed \(seed), grain \(grain)): "
      + operations.map { operation in
        let name =
          switch operation {
          case .write: "write"
          case .zeros: "zeros"
          case .preallocate: "preallocate"
          case .punch: "punch"
          }
        return "\(name) \(operation.range.lowerBound)+\(operation.range.count)"
      }.joined(separator: ", ")
  }

  // MARK: Making a plan

  /// A random plan.
  ///
  /// - Parameters:
  ///   - size: Sizes to choose from; most come out as no multiple of the block.
  ///   - grain: The filesystem's block size, or the largest of several.
  ///   - unit: The allocation unit (the cluster of bigalloc): some segments are aligned to it.
  public static func random(
    seed: UInt64, size: ClosedRange<Int> = 8193...1_048_576, grain: Int = 4096, unit: Int? = nil,
    contents: Contents = .all
  ) -> SparsePlan {
    var random = Seed(seed)
    // Neighbours share a block where a cut is unaligned, so zeros can end up over preallocation without being meant to.
    while true {
      let plan = attempt(
        seed: seed, size: size, grain: grain, unit: unit ?? grain, contents: contents, random: &random)
      if contents.contains(.zerosOverPreallocation) || !plan.hasZerosOverPreallocation { return plan }
    }
  }

  private static func attempt(
    seed: UInt64, size sizes: ClosedRange<Int>, grain: Int, unit: Int, contents: Contents, random: inout Seed
  ) -> SparsePlan {
    var size = Int.random(in: sizes, using: &random)
    if Int.random(in: 0..<4, using: &random) == 0 { size = max(sizes.lowerBound, size / grain * grain) }
    var plan = SparsePlan(seed: seed, size: size, grain: grain, operations: [])

    var cuts: Set<Int> = [0, size]
    for _ in 0..<Int.random(in: 0...24, using: &random) {
      let place = Int.random(in: 0..<size, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: cuts.insert(place)
      case 1: cuts.insert(place / unit * unit)
      default: cuts.insert(place / grain * grain)
      }
    }
    let edges = cuts.sorted()
    for (start, end) in zip(edges, edges.dropFirst()) {
      plan.addSegment(start..<end, contents: contents, random: &random)
    }
    // The order decides what becomes of a block that two segments share, and where on disk things come to lie.
    if Bool.random(using: &random) { plan.operations.shuffle(using: &random) }

    if contents.contains(.punches) {
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let first = Int.random(in: 0...(size / grain), using: &random)
        let count = Int.random(in: 1...8, using: &random)
        if first * grain < size { plan.operations.append(.punch(first * grain..<(first + count) * grain)) }
      }
      // And something into the hole again.
      if Int.random(in: 0..<3, using: &random) == 0 {
        let start = Int.random(in: 0..<size, using: &random)
        plan.operations.append(.write(start..<min(size, start + Int.random(in: 1...grain * 2, using: &random))))
      }
    }
    if contents.contains(.preallocationPastEnd), Int.random(in: 0..<5, using: &random) == 0 {
      let start = Int.random(in: (size / 2)..<size, using: &random)
      // btrfs zeroes the rest of the last block then, which makes data of it: have it data on every filesystem.
      plan.operations.append(.write(size - 1..<size))
      plan.operations.append(.preallocate(start..<size + Int.random(in: 1...grain * 40, using: &random)))
    }
    return plan
  }

  private mutating func addSegment(_ segment: Range<Int>, contents: Contents, random: inout Seed) {
    func part(of range: Range<Int>) -> Range<Int> {
      let start = Int.random(in: range, using: &random)
      return start..<Int.random(in: start + 1...range.upperBound, using: &random)
    }
    let preallocates = contents.contains(.preallocation)
    switch Int.random(in: 0..<16, using: &random) {
    case 0..<4:
      break  // A hole: nothing is done to it.
    case 4..<7:
      operations.append(.write(segment))
    case 7..<9:
      operations.append(.zeros(segment))
    case 9 where preallocates, 10 where preallocates:
      operations.append(.preallocate(segment))
    case 11 where preallocates:
      operations.append(.preallocate(segment))
      for _ in 0..<Int.random(in: 1...3, using: &random) { operations.append(.write(part(of: segment))) }
    case 12 where contents.contains([.preallocation, .zerosOverPreallocation]):
      operations.append(.preallocate(segment))
      operations.append(.zeros(part(of: segment)))
    case 13:
      // A single byte that keeps a block, and its unit, from being zero: the last one.
      operations.append(.zeros(segment))
      operations.append(.write(segment.upperBound - 1..<segment.upperBound))
    case 14:
      operations.append(.write(segment))
      operations.append(.zeros(part(of: segment)))
    default:
      // Fragmented: every other grain, in any order.
      var pieces: [Operation] = []
      var start = (segment.lowerBound + grain - 1) / grain * grain
      while start < segment.upperBound && pieces.count < 64 {
        let piece = start..<min(start + grain, segment.upperBound)
        pieces.append(Int.random(in: 0..<4, using: &random) == 0 ? .zeros(piece) : .write(piece))
        start += grain * 2
      }
      operations += pieces.shuffled(using: &random)
    }
  }
}
