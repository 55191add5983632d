/// A set of inode numbers that takes memory for those block groups only that hold one of them.
///
/// A superblock may claim four thousand million inodes.
struct InodeSet {
  private let perGroup: UInt32
  private var groups: [UInt32: [UInt64]] = [:]

  init(perGroup: UInt32) { self.perGroup = max(1, perGroup) }

  func contains(_ inode: UInt32) -> Bool {
    guard inode > 0, let words = groups[(inode - 1) / perGroup] else { return false }
    let bit = Int((inode - 1) % perGroup)
    return words[bit / 64] & 1 << UInt64(bit % 64) != 0
  }

  /// - Returns: Whether it was not in the set yet.
  @discardableResult
  mutating func insert(_ inode: UInt32) -> Bool {
    guard inode > 0, !contains(inode) else { return false }
    let bit = Int((inode - 1) % perGroup)
    groups[(inode - 1) / perGroup, default: Array(repeating: 0, count: Int(perGroup + 63) / 64)][bit / 64] |=
      1 << UInt64(bit % 64)
    return true
  }

  /// - Parameter group: Counted from 0.
  func count(inGroup group: UInt32) -> Int { (groups[group] ?? []).reduce(0) { $0 + $1.nonzeroBitCount } }

  var isEmpty: Bool { groups.isEmpty }

  /// In ascending order.
  func forEach(_ body: (UInt32) -> Void) {
    for group in groups.keys.sorted() {
      for (index, word) in (groups[group] ?? []).enumerated() where word != 0 {
        for bit in 0..<64 where word & 1 << UInt64(bit) != 0 {
          body(group * perGroup + UInt32(index * 64 + bit) + 1)
        }
      }
    }
  }
}
