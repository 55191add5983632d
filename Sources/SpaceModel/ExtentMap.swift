/// Which parts of a file are mapped, in ascending order; all else up to the apparent size is a hole.
///
/// Extents never overlap, none is empty, and neighbours that are adjacent in the file and on the device with equal
/// flags are one: what FIEMAP returns otherwise depends on what is cached.
///
/// An extent takes 20 bytes, kept in pieces so that appending a million of them never copies what is there.
public struct ExtentMap: Sendable {
  /// `st_size`, or the size of a block device.
  public let apparentSize: UInt64
  public let source: MapSource

  private var pieces: [ExtentPiece] = []
  /// Mapped extents, after merging.
  public private(set) var count = 0
  /// The last extent, which the next one may still be merged into.
  private var pending: Extent?

  public init(apparentSize: UInt64, source: MapSource) {
    self.apparentSize = apparentSize
    self.source = source
  }

  public init(apparentSize: UInt64, source: MapSource, extents: some Sequence<Extent>) throws(ExtentOrderError) {
    self.init(apparentSize: apparentSize, source: source)
    for extent in extents { try append(extent) }
  }

  /// The end of the last extent so far.
  public private(set) var mappedEnd: UInt64 = 0

  /// Adds an extent behind all others; an empty one is ignored.
  ///
  /// - Throws: ``ExtentOrderError`` where it begins before the last one ends, or passes the end of 64 bits.
  public mutating func append(_ extent: Extent) throws(ExtentOrderError) {
    guard extent.length > 0 else { return }
    let (end, overflow) = extent.start.addingReportingOverflow(extent.length)
    guard extent.start >= mappedEnd, !overflow else {
      throw ExtentOrderError(extent: extent, mappedEnd: mappedEnd)
    }
    mappedEnd = end
    if var last = pending, last.continues(in: extent) {
      last.length += extent.length
      pending = last
      pieces[pieces.count - 1].replaceLast(with: last)
      return
    }
    // The first piece grows as it needs: most files have a handful of extents.
    if count % ExtentPiece.capacity == 0 { pieces.append(ExtentPiece(isFull: count > 0)) }
    pieces[pieces.count - 1].append(extent)
    count += 1
    pending = extent
  }

  /// - Complexity: O(1).
  public subscript(index: Int) -> Extent {
    pieces[index / ExtentPiece.capacity][index % ExtentPiece.capacity]
  }

  /// The first extent that ends behind `offset`; `count` where there is none.
  ///
  /// - Complexity: O(log *n*).
  public func firstIndex(endingAfter offset: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      let extent = self[middle]
      if extent.start + extent.length > offset { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension ExtentMap: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  /// In ascending order; O(1) an extent.
  public func makeIterator() -> Iterator { Iterator(pieces) }

  /// Goes through a piece without looking it up for each extent.
  public struct Iterator: IteratorProtocol {
    private let pieces: [ExtentPiece]
    private var piece: ExtentPiece?
    private var nextPiece = 0
    private var index = 0

    init(_ pieces: [ExtentPiece]) { self.pieces = pieces }

    /// `nil` behind the last extent.
    public mutating func next() -> Extent? {
      while true {
        if let piece, index < piece.count {
          defer { index += 1 }
          return piece[index]
        }
        guard nextPiece < pieces.count else { return nil }
        piece = pieces[nextPiece]
        nextPiece += 1
        index = 0
      }
    }
  }
}

/// An extent that does not come behind the ones before it: an on-disk structure that contradicts itself, or a file
/// whose map changed between two questions.
public struct ExtentOrderError: Error, Hashable, Sendable {
  public let extent: Extent
  public let mappedEnd: UInt64
}

/// Where a map came from, best first.
public enum MapSource: String, Sendable, Codable, Hashable {
  /// FS_IOC_FIEMAP: holes, unwritten and shared extents, physical offsets.
  case fiemap
  /// lseek(2) with SEEK_DATA and SEEK_HOLE: holes only.
  case seek
  /// The unmounted filesystem's own extent trees and block maps.
  case filesystem
  /// `st_blocks` alone: how much, not where.
  case blocks
}
