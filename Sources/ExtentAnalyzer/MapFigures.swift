import LinuxStorage
import SpaceModel

/// What an image's map comes to, and nothing of what is in it: the sums without the extents.
public struct MapFigures: Sendable {
  /// Before anything else was asked.
  public let status: FileStatus
  /// `st_size`.
  public let apparentSize: UInt64
  public let source: MapSource
  public let totals: MapTotals
  /// Its size or times were others afterwards: the figures may be of no one moment.
  public internal(set) var changedWhileReading = false

  init(status: FileStatus, apparentSize: UInt64, source: MapSource, totals: MapTotals) {
    self.status = status
    self.apparentSize = apparentSize
    self.source = source
    self.totals = totals
  }

  /// Whether the filesystem accounts in a way that classes and `st_blocks` can be told apart; see
  /// ``ImageUsage/metadataBytes``.
  public var metadata: UInt64? {
    guard source == .fiemap || source == .filesystem, !totals.hasUncountable, status.allocated >= totals.mapped else {
      return nil
    }
    return status.allocated - totals.mapped
  }

  /// The figures of the report, as far as the map tells them.
  public func usage(path: FilePath, role: ImageRole) -> ImageUsage {
    var usage = ImageUsage(
      path: path, role: role, apparentBytes: ByteCount(clamping: apparentSize),
      allocatedBytes: ByteCount(clamping: status.allocated), mapSource: source)
    usage.sparse = source == .blocks ? status.allocated < apparentSize : totals.hole > 0
    guard source != .blocks else { return usage }
    usage.dataBytes = ByteCount(clamping: totals.data)
    usage.holeBytes = ByteCount(clamping: totals.hole)
    guard source != .seek else { return usage }
    usage.unwrittenBytes = ByteCount(clamping: totals.unwritten)
    usage.pastEofBytes = ByteCount(clamping: totals.pastEnd)
    usage.metadataBytes = metadata.map(ByteCount.init(clamping:))
    usage.sharedBytes = ByteCount(clamping: totals.shared)
    usage.extentCount = totals.extents
    usage.fragmentCount = totals.fragments
    return usage
  }
}

extension FileStatus {
  /// Whether the file was written, cut or grown between two looks. Allocation alone may move without any write: delayed
  /// allocation settles while we look.
  func differs(from other: FileStatus) -> Bool {
    size != other.size || modified != other.modified || changed != other.changed
  }
}

extension ImageAnalyzer {
  /// Takes an image's map and keeps nothing of it but the sums; no data is read.
  ///
  /// - Parameter onSegment: Called with every stretch of the file in order, as ``measure(_:onSegment:)`` does.
  /// - Throws: ``StorageError`` where nothing can be said: no status, no map.
  /// - Complexity: O(extents); memory does not grow with them, unless some are unwritten (settling
  ///   those takes the map) or the source cannot pass them on one by one.
  public func figures(
    of source: any ImageSource, onSegment: ((MapSegment) -> Void)? = nil
  ) throws(StorageError) -> MapFigures {
    let before = try source.status()
    var stream = MapStream(apparentSize: source.size, onSegment: onSegment)
    var isSettled = true
    let kind = try source.passExtents { extent in
      isSettled = !extent.isUnwritten
      if isSettled { stream.add(extent) }
      return isSettled
    }
    var figures: MapFigures
    if let kind, isSettled {
      figures = MapFigures(status: before, apparentSize: source.size, source: kind, totals: stream.finish())
    } else {
      let map = try UnwrittenSettlement.settledMap(of: source)
      if kind == map.source {
        // The sums are those of what is handed on, though the file may have changed since.
        stream.addRest(of: map)
        figures = MapFigures(
          status: before, apparentSize: source.size, source: map.source, totals: stream.finish())
      } else {
        if let onSegment {
          var walk = MapWalk(map)
          walk.finish(onSegment)
        }
        figures = MapFigures(
          status: before, apparentSize: map.apparentSize, source: map.source, totals: MapTotals(of: map))
      }
    }
    figures.changedWhileReading = before.differs(from: try source.status())
    return figures
  }
}
