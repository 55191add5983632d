/// A run of extents in 20 bytes each: columns instead of records, which would be padded to 24.
struct ExtentPiece: Sendable {
  /// How many extents a piece holds.
  static let capacity = 4096

  private var starts: [UInt64] = []
  /// All ones: unknown.
  private var physicals: [UInt64] = []
  /// Flags in the low five bits, the length in sectors of 512 bytes above; no sectors: see ``lengths``.
  private var sectorsAndFlags: [UInt32] = []
  /// Lengths of 64 GiB and more, or of no whole sectors, by index.
  private var lengths: [Int: UInt64] = [:]

  /// As many as ``Extent/Flags`` has.
  private static let flagBits: UInt32 = 5
  private static let sector: UInt64 = 512

  /// - Parameter isFull: The piece will be filled, so its room is made at once.
  init(isFull: Bool) {
    guard isFull else { return }
    starts.reserveCapacity(Self.capacity)
    physicals.reserveCapacity(Self.capacity)
    sectorsAndFlags.reserveCapacity(Self.capacity)
  }

  var count: Int { starts.count }

  mutating func append(_ extent: Extent) {
    starts.append(extent.start)
    physicals.append(extent.physical ?? .max)
    sectorsAndFlags.append(0)
    setLength(extent.length, flags: extent.flags, at: starts.count - 1)
  }

  mutating func replaceLast(with extent: Extent) {
    let last = starts.count - 1
    starts[last] = extent.start
    physicals[last] = extent.physical ?? .max
    setLength(extent.length, flags: extent.flags, at: last)
  }

  private mutating func setLength(_ length: UInt64, flags: Extent.Flags, at index: Int) {
    let sectors = length / Self.sector
    let fits = length % Self.sector == 0 && sectors < 1 << (32 - UInt64(Self.flagBits))
    if fits {
      if !lengths.isEmpty { lengths[index] = nil }
    } else {
      lengths[index] = length
    }
    sectorsAndFlags[index] = (fits ? UInt32(sectors) : 0) << Self.flagBits | UInt32(flags.rawValue)
  }

  subscript(index: Int) -> Extent {
    let packed = sectorsAndFlags[index]
    let sectors = UInt64(packed >> Self.flagBits)
    let physical = physicals[index]
    return Extent(
      start: starts[index],
      length: sectors > 0 ? sectors * Self.sector : lengths[index] ?? 0,
      physical: physical == .max ? nil : physical,
      flags: Extent.Flags(rawValue: UInt8(packed & (1 << Self.flagBits - 1))))
  }
}
