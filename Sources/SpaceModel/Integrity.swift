/// Whether an image was written whole, as far as was looked.
public struct Integrity: Sendable, Hashable, Codable {
  public enum State: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing that was checked is missing.
    case clean
    /// Something is missing that digging holes could explain as well.
    case suspect
    /// Something that was written is not there.
    case damaged
    /// It could not be read, or not enough of it.
    case unknown
  }

  public var state: State
  /// Why, in a sentence or two.
  public var reason: String
  /// What the filesystem inside calls used.
  public var usedBytes: ByteCount?
  /// Used blocks in holes that the format does not allow there, whatever owns them.
  public var lostBytes: ByteCount?
  /// Where in the image they lie: half-open, as `[start, end]` pairs in bytes, ascending. At most 256, so what lies close
  /// to each other is one. `nil` where nothing is lost, or what is lost has no place in the image.
  public var lostRegions: [[Int64]]?
  /// Those of them that hold directories, block maps, inode tables, bitmaps or superblocks.
  public var metadataLostBytes: ByteCount?
  /// Metadata that is lost, by kind; `nil` where none is.
  public var metadataLost: [MetadataLoss]?
  /// Used file blocks in holes that digging zeros explains.
  public var dugBytes: ByteCount?
  /// Inodes in use that no path can be found for any more, because what led to them is lost.
  public var unreachableInodes: Int64?
  /// What those of them claim that can be read.
  public var unreachableBytes: ByteCount?
  /// Nothing is known to be missing, but used file blocks lie in holes and no data was read to tell why.
  public var isUndecided: Bool?
  /// What was done to find out, in order: `holes`, `zeros`, `twin`, `payload`, `kernel-log`, `squashfs`.
  public var checked: [String]
  /// Files that are not whole, by path.
  public var files: [File]?

  public struct File: Sendable, Hashable, Codable {
    /// In the image, absolute.
    public var path: FilePath
    /// `nil` where its inode is lost.
    public var sizeBytes: ByteCount?
    /// Perhaps it is whole: digging holes would look the same, or it is zero beside what is lost.
    public var suspect: Bool?
    /// Of its blocks, those that are lost; `nil` where the contents differ from the evidence and how much is not known.
    public var lostBytes: ByteCount?
    /// Every byte of it reads as zero.
    public var allNul: Bool?
    /// Lost ranges of the file, half-open, as `[start, end]` pairs in bytes; at most the first 64.
    public var lostRanges: [[Int64]]?
    /// Where a whole copy of it is.
    public var intactCopy: String?
    /// What differs, where it is not the contents: `mode`, `owner`, `link-target`, `xattr`, `missing`.
    public var differs: [String]?

    public init(path: FilePath, sizeBytes: ByteCount?) {
      self.path = path
      self.sizeBytes = sizeBytes
    }

    enum CodingKeys: String, CodingKey {
      case path
      case sizeBytes = "size_bytes"
      case suspect
      case lostBytes = "lost_bytes"
      case allNul = "all_nul"
      case lostRanges = "lost_ranges"
      case intactCopy = "intact_copy"
      case differs
    }
  }

  public struct MetadataLoss: Sendable, Hashable, Codable {
    public var kind: BlockOwnership.Kind
    public var lostBytes: ByteCount

    public init(kind: BlockOwnership.Kind, lostBytes: ByteCount) {
      self.kind = kind
      self.lostBytes = lostBytes
    }

    enum CodingKeys: String, CodingKey {
      case kind
      case lostBytes = "lost_bytes"
    }
  }

  public init(state: State, reason: String, checked: [String] = []) {
    self.state = state
    self.reason = reason
    self.checked = checked
  }

  /// Whether all of it was read, and not only what shows without that.
  public var isVerified: Bool {
    checked.contains("zeros") || checked.contains("payload") || checked.contains("squashfs")
  }

  enum CodingKeys: String, CodingKey {
    case state, reason
    case usedBytes = "used_bytes"
    case lostBytes = "lost_bytes"
    case lostRegions = "lost_regions"
    case metadataLostBytes = "metadata_lost_bytes"
    case metadataLost = "metadata_lost"
    case dugBytes = "dug_bytes"
    case unreachableInodes = "unreachable_inodes"
    case unreachableBytes = "unreachable_bytes"
    case isUndecided = "undecided"
    case checked, files
  }
}

extension Integrity {
  /// The most regions that a report lists of one image.
  public static let regionLimit = 256

  /// What `lostRegions` says of ranges, ascending and apart, of an image: the narrowest gaps are closed until there are
  /// no more than ``regionLimit``.
  public static func regions(of ranges: [ByteRange]) -> [[Int64]]? {
    guard !ranges.isEmpty else { return nil }
    let gaps = zip(ranges, ranges.dropFirst()).map { $1.start - $0.end }.sorted(by: >)
    let narrowest = gaps.count < regionLimit ? 0 : gaps[regionLimit - 1]
    var regions: [ByteRange] = []
    for range in ranges {
      if let last = regions.last, range.start - last.end <= narrowest {
        regions[regions.count - 1] = ByteRange(start: last.start, end: range.end)
      } else {
        regions.append(range)
      }
    }
    return regions.map { [Int64(clamping: $0.start), Int64(clamping: $0.end)] }
  }
}
