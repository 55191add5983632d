import SpaceModel
public struct NewImage {
  public enum Shortage: Sendable, Hashable { case none, blocks(ByteCount), inodes(Int64) }
  public init?(nominalBytes: ByteCount) { return nil }
  public var blockBytes = ByteCount(4096)
  public func shortage(for: TreeDemand, of: TreeCensus) -> Shortage { .none }
  public func allocatedBytes(holding: TreeDemand, of: TreeCensus, onUnitsOf: ByteCount) -> ByteCount? { nil }
  public static func automaticBytes(for: TreeCensus, overheadBytes: ByteCount) -> ByteCount { .zero }
}
public struct TreeTally { public static let usualFilesystems: [TreeFilesystem] = []; public static let systemExcludes: [FilePath] = [] }
