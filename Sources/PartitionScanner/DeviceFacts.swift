import SpaceModel

/// What libblkid says of the content of one device or disk image.
public struct DeviceFacts: Sendable, Hashable {
  /// Of the container, in bytes.
  public var sizeBytes: UInt64
  /// The logical sector size the partition table is written in; for a device without one, its own.
  public var sectorSize: Int
  /// `gpt` or `dos`; `nil` where there is no partition table.
  public var tableType: String?
  /// The entries of the partition table in its order, without containers of logical partitions.
  public var entries: [Entry]
  /// True where the table had more entries than were looked at.
  public var tooManyEntries: Bool
  /// What fills the container as a whole. Beside a partition table it is mostly what was there before the table.
  public var content: ContentFacts

  /// One entry of a partition table.
  public struct Entry: Sendable, Hashable {
    /// The partition's number, as in `sda4`; logical partitions count from 5.
    public var number: Int
    /// In bytes from the container's start.
    public var start: UInt64
    /// In bytes, as the table says; it may reach beyond the container's end.
    public var length: UInt64
    /// The GPT name; `nil` in a DOS table, and where it is empty.
    public var name: String?
    public var content: ContentFacts
  }

  /// The part of the entry that lies inside the container.
  public func range(of entry: Entry) -> ByteRange {
    let start = min(entry.start, sizeBytes)
    return ByteRange(start: start, length: min(entry.length, sizeBytes - start))
  }

  /// True where the entry reaches beyond the container's end.
  public func isTruncated(_ entry: Entry) -> Bool { range(of: entry).length < entry.length }
}

/// What libblkid recognised in a range of bytes; everything is `nil` where it recognised nothing.
public struct ContentFacts: Sendable, Hashable {
  /// libblkid's TYPE: `ext4`, `crypto_LUKS`.
  public var type: String?
  /// The label, whose bytes that are not UTF-8 are ``RawArgument`` text.
  public var label: String?
  /// Never printed; tells two views of one filesystem from two filesystems.
  public var uuid: String?
  public var usage: ContentUsage?
  /// Several filesystems' signatures were found at once (blkid_do_safeprobe(3) returned -2); nothing else is known then.
  public var isAmbivalent = false

  public init() {}
}

/// libblkid's USAGE: what the recognised thing is for.
public enum ContentUsage: String, Sendable, Hashable, Codable {
  case filesystem
  case raid
  case crypto
  /// Swap and the like.
  case other
}
