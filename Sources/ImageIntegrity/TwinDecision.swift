import SpaceModel

/// A file of an image with ranges of it that read as zeros though they should perhaps not.
public struct TwinQuestion: Sendable, Hashable {
  /// In the image, absolute.
  public var path: FilePath
  /// Bytes of the file, half-open, ascending.
  public var zeroRanges: [ByteRange]

  public init(path: FilePath, zeroRanges: [ByteRange]) {
    self.path = path
    self.zeroRanges = zeroRanges
  }
}

/// What the twin holds where the image reads as zeros.
public struct TwinPiece: Sendable, Hashable {
  public enum Content: Sendable, Hashable {
    /// Something else than zeros.
    case data
    /// Zeros that are allocated, in the twin and on the filesystem under it: they were written.
    case writtenZeros
    /// A hole somewhere: written zeros that were dug away, or lost there as well.
    case hole
  }

  /// Of the file, half-open.
  public var range: ByteRange
  public var content: Content

  public init(range: ByteRange, content: Content) {
    self.range = range
    self.content = content
  }
}

/// What a twin of the same version says of one file.
public enum TwinAnswer: Sendable, Hashable {
  /// The twin has data there: these ranges are lost, and the twin's copy of the file is whole as far as was asked.
  case lost([ByteRange])
  /// The twin has written zeros in all of it: the zeros are real.
  case zerosAreReal
  /// The twin's copy says nothing: it has holes there itself. With the reason.
  case undecided(String)

  /// From what the twin holds.
  ///
  /// Data anywhere outweighs all else; ranges with holes are not cleared by others with zeros.
  public init(_ pieces: [TwinPiece]) {
    let lost = ByteRange.union(pieces.filter { $0.content == .data }.map(\.range))
    if !lost.isEmpty {
      self = .lost(lost)
    } else if pieces.contains(where: { $0.content == .hole }) {
      self = .undecided("the twin has a hole there itself")
    } else if pieces.isEmpty {
      self = .undecided("nothing was asked of it")
    } else {
      self = .zerosAreReal
    }
  }
}

/// What going through two images side by side found, without reading file data.
public struct TwinMetadata: Sendable, Hashable {
  /// Regular files in both.
  public var inBoth: Int64 = 0
  /// Of them, those of equal size and time of modification.
  public var equal: Int64 = 0
  /// Names in the image alone, in the twin alone, and files whose sizes differ; each at most ``mostPaths``.
  public var onlyInImage: [FilePath] = []
  public var onlyInTwin: [FilePath] = []
  public var sizeDiffers: [FilePath] = []
  /// How many there are.
  public var onlyInImageCount: Int64 = 0
  public var onlyInTwinCount: Int64 = 0
  public var sizeDiffersCount: Int64 = 0
  /// Directories and inodes that could not be read, in the image and in the twin.
  public var unreadableInImage: Int64 = 0
  public var unreadableInTwin: Int64 = 0
  public var osRelease: OSReleaseMatch = .unknown

  public enum OSReleaseMatch: Sendable, Hashable {
    /// Both have the same os-release.
    case equal
    case different
    /// One has none, or one of zeros.
    case unknown
  }

  public static let mostPaths = 1000

  public init() {}

  /// Whether both hold one version of the OS: the same os-release, and of the files in both more than half are equal in
  /// size and time; where an os-release is lost, 95 in a hundred. A new version's packages have new times.
  public var isSameVersion: Bool {
    guard inBoth > 0 else { return false }
    switch osRelease {
    case .equal: return equal > inBoth / 2
    case .unknown: return equal >= inBoth - inBoth / 20
    case .different: return false
    }
  }

  /// Two images of one version that do not hold the same names.
  public var differs: Bool {
    isSameVersion
      && onlyInImageCount + onlyInTwinCount + sizeDiffersCount + unreadableInImage + unreadableInTwin > 0
  }
}
