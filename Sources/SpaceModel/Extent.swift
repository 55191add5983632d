/// One mapped extent of a file: where its bytes lie in the file and on the filesystem's device.
///
/// What is not mapped is a hole and has no extent. The fields mirror `struct fiemap_extent` (linux/fiemap.h).
public struct Extent: Hashable, Sendable {
  /// Offset of the first byte in the file.
  public var start: UInt64
  /// Bytes covered. The last extent of a file may pass its apparent size.
  public var length: UInt64
  /// Offset of the first byte in the filesystem's device; `nil` where there is none yet (delayed allocation) or none
  /// of its own (inline data, btrfs inline).
  public var physical: UInt64?
  public var flags: Flags

  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Allocated, never written: reads as zeros.
    public static let unwritten = Flags(rawValue: 1)
    /// Mapped by another file, snapshot or range too.
    public static let shared = Flags(rawValue: 2)
    /// Not plain bytes on the device: compressed or encrypted.
    public static let encoded = Flags(rawValue: 4)
    /// Kept inside the inode or a metadata block.
    public static let inline = Flags(rawValue: 8)
    /// Written, without a place on the device yet.
    public static let delayed = Flags(rawValue: 16)
  }

  public init(start: UInt64, length: UInt64, physical: UInt64?, flags: Flags = []) {
    self.start = start
    self.length = length
    self.physical = physical
    self.flags = flags
  }

  public var range: ByteRange { ByteRange(start: start, length: length) }
  public var isUnwritten: Bool { flags.contains(.unwritten) }

  /// The part of this extent that lies in `range`, its physical offset moved along; `nil` where nothing does.
  public func clipped(to range: ByteRange) -> Extent? {
    guard let part = self.range.intersection(range) else { return nil }
    var clipped = self
    clipped.start = part.start
    clipped.length = part.length
    clipped.physical = physical.map { $0 &+ (part.start - start) }
    return clipped
  }

  /// Whether `next` goes on where this one ends, in the file and on the device, with equal flags.
  public func continues(in next: Extent) -> Bool {
    guard start + length == next.start, flags == next.flags else { return false }
    switch (physical, next.physical) {
    case (let here?, let there?): return here &+ length == there
    case (nil, nil): return true
    default: return false
    }
  }
}
