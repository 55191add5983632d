import Foundation

/// A random number generator that gives the same numbers for the same seed (SplitMix64).
public struct Seed: RandomNumberGenerator, Hashable, Sendable, CustomStringConvertible {
  /// What it was made from; ``next()`` does not change it.
  public let value: UInt64
  private var state: UInt64

  public init(_ value: UInt64) {
    self.value = value
    state = value
  }

  /// The seed of this run: `HEADROOM_SEED`, or a new one each time. Printed once, so that a failure can be repeated.
  public static let current: Seed = {
    let given = ProcessInfo.processInfo.environment["HEADROOM_SEED"].flatMap { UInt64($0) }
    let value = given ?? UInt64.random(in: 0..<1_000_000_000)
    print("random tests: HEADROOM_SEED=\(value)")
    return Seed(value)
  }()

  public var description: String { "seed \(value)" }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mix(state)
  }

  /// A generator for the n-th of many cases, unlike those of its neighbours.
  public func derived(_ number: Int) -> Seed {
    Seed(Self.mix(value &+ 0x9e37_79b9_7f4a_7c15 &* (UInt64(truncatingIfNeeded: number) &+ 1)))
  }

  private static func mix(_ number: UInt64) -> UInt64 {
    var mixed = number
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// Proofs that take long: whole with `Tests/run --all`, else a sample that differs from run to run.
public enum LongProof {
  public static let isWhole = ProcessInfo.processInfo.environment["HEADROOM_ALL"] == "1"

  /// All cases, or `count` of them by the seed of this run, in their order.
  public static func cases<Case>(_ all: [Case], sample count: Int) -> [Case] {
    guard !isWhole, count < all.count else { return all }
    var random = Seed.current
    return all.indices.shuffled(using: &random).prefix(count).sorted().map { all[$0] }
  }

  /// The whole number with `--all`, else the smaller one.
  public static func count(_ whole: Int, sample: Int) -> Int { isWhole ? whole : sample }
}
