import FilesystemReader
import SpaceModel

/// What to copy, and how.
public struct CopyRequest: Sendable {
  public enum Reflink: String, Sendable, CaseIterable {
    /// Where the filesystem can.
    case auto
    /// Or not at all.
    case always
    case never
  }

  public var source: FilePath
  public var destination: FilePath
  public var reflink = Reflink.auto
  /// The label that the ext filesystem in the copy gets, at most ``longestLabel`` bytes; empty for none, `nil`: it keeps
  /// the source's.
  public var label: [UInt8]?
  /// Compare the contents of both, read from disk, before the copy gets its name.
  public var verifies = false

  public static let longestLabel = ExtLabel.longest

  public init(source: FilePath, destination: FilePath) {
    self.source = source
    self.destination = destination
  }
}
