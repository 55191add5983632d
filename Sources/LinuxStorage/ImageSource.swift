import SpaceModel

/// A file that can be measured, on a mounted filesystem or inside an unmounted one.
public protocol ImageSource: ByteSource {
  /// The file as it is now.
  func status() throws(StorageError) -> FileStatus

  /// All mapped extents as the filesystem has them, unwritten ones not yet settled.
  ///
  /// - Throws: ``StorageError`` where the filesystem answers nothing at all, or contradicts itself.
  func extentMap() throws(StorageError) -> ExtentMap

  /// Hands on what ``extentMap()`` would hold, in order and without holding it: for who only counts. Neighbours that a map
  /// would join come one by one. Ends early where `take` answers false.
  ///
  /// - Returns: Where they came from; `nil` where this source has no such way, and nothing was handed on.
  /// - Throws: Like ``extentMap()``.
  func passExtents(to take: (Extent) -> Bool) throws(StorageError) -> MapSource?

  /// Facts of the filesystem the file lies on.
  var host: HostFilesystem { get }

  /// Asks for the filesystem's allocation unit where ``HostFilesystem/allocationUnit`` is not known and what was seen of
  /// the file leaves it open; that may mean opening the device. `nil`: cannot be known.
  func askAllocationUnit() -> UInt64?

  /// Where data begins at or behind `offset`, and where it then ends, by SEEK_DATA and SEEK_HOLE.
  ///
  /// - Returns: `nil` where only hole follows; always `nil` for a file of an unmounted filesystem, whose map needs no
  ///   settling.
  func nextData(from offset: UInt64) throws(StorageError) -> ByteRange?

  /// Waits, for a quarter of a second at most, until nothing of the file is being written back.
  ///
  /// ext4 and xfs allocate delayed data as unwritten and convert it when the write has ended. Starts no write.
  func awaitWriteback()

  /// Parts of a range of whole blocks, which the map calls unwritten, that were written and not written back yet.
  ///
  /// xfs allocates a delayed extent as unwritten all at once, though only part of it is written back: what is dirty in
  /// it is data, be it zeros. Empty where that does not happen or cannot be known.
  func dirtyRuns(in range: ByteRange) -> [ByteRange]

  /// Called before a range of data is looked through, from start to end.
  ///
  /// - Returns: Whether it lies in the page cache, where more readers than processors only get into each other's way.
  func beginScan(of range: ByteRange) -> Bool

  /// Called before a range that could not be read is read block by block, to find out which of them are bad.
  func beginReadingBlocks(of range: ByteRange)

  /// Finds the units of `spans` that hold nothing but zeros where the file's pages lie in the page cache, without copying
  /// them.
  ///
  /// - Parameters:
  ///   - spans: At least one; ascending and apart, all of them whole units from their start on.
  ///   - unit: A power of two.
  ///   - size: Where the file ends; the unit that it cuts counts by its bytes before it.
  ///   - access: With ``ScanAccess/mapping`` also where that brings pages into the cache or gains nothing.
  /// - Returns: The units, ascending and joined where they touch. `nil`: the spans must be read, which also tells what
  ///   is wrong where the file was cut or its disk fails.
  func zerosInPlace(
    of spans: ArraySlice<ByteRange>, unit: UInt64, size: UInt64, access: ScanAccess
  ) -> [ByteRange]?

  /// The extents that the filesystem frees as a whole though it maps parts of them (btrfs). `nil`: it frees what is
  /// punched.
  ///
  /// - Throws: ``StorageError`` `.permissionDenied` without CAP_SYS_ADMIN.
  func wholeExtents() throws(StorageError) -> [WholeExtent]?
}

extension ImageSource {
  public func passExtents(to take: (Extent) -> Bool) throws(StorageError) -> MapSource? { nil }

  public func beginScan(of range: ByteRange) -> Bool { false }

  public func beginReadingBlocks(of range: ByteRange) {}

  /// A source that has no pages of its own is read.
  public func zerosInPlace(
    of spans: ArraySlice<ByteRange>, unit: UInt64, size: UInt64, access: ScanAccess
  ) -> [ByteRange]? { nil }
}

/// How a scan gets at the bytes; what it finds does not depend on it.
public enum ScanAccess: Sendable {
  /// Whichever is faster and leaves the page cache alone.
  case automatic
  /// Always by reading into memory.
  case reading
  /// By mapping the file wherever that is possible at all.
  case mapping
}

/// A file extent item of a btrfs file: a window into an extent that is freed as a whole.
public struct WholeExtent: Hashable, Sendable {
  /// The part of the file that this item maps.
  public var file: ByteRange
  /// The whole extent's logical address and length on the filesystem; equal for all items of one extent.
  public var disk: ByteRange
  public var isEncoded: Bool
  public var isUnwritten: Bool

  public init(file: ByteRange, disk: ByteRange, isEncoded: Bool, isUnwritten: Bool) {
    self.file = file
    self.disk = disk
    self.isEncoded = isEncoded
    self.isUnwritten = isUnwritten
  }
}

/// What an analyzer must know of the filesystem under a file.
public struct HostFilesystem: Hashable, Sendable {
  /// `ext4`, `xfs`, `btrfs`, `tmpfs`, …; `nil` where it is not known.
  public var type: String?
  /// The block size, a power of two.
  public var blockSize: UInt64
  /// What a punch frees at least: the ext4 bigalloc cluster, else the block. `nil` where only a block size is known
  /// and the filesystem might use larger clusters.
  public var allocationUnit: UInt64?
  /// `f_bfree × f_frsize`, for inferring the unit.
  public var freeBytes: UInt64

  public init(type: String?, blockSize: UInt64, allocationUnit: UInt64?, freeBytes: UInt64) {
    self.type = type
    self.blockSize = blockSize
    self.allocationUnit = allocationUnit
    self.freeBytes = freeBytes
  }

  public var isBtrfs: Bool { type == "btrfs" }
}
