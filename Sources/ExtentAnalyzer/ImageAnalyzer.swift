import LinuxStorage
import SpaceModel

/// Measures one image: map first, read second, look again.
public struct ImageAnalyzer: Sendable {
  /// Read the data and find zeros. Without it nothing is known of zeros.
  public var readsData = true
  /// Cells of the hole map; 0 where nobody asks for them.
  public var cellLimit = 256
  /// How many threads read at once.
  public var workers = 2
  /// How the data is got at; the measurement is the same.
  public var access = ScanAccess.automatic
  /// Asked between reads; `true` ends the measurement with a `.cancelled` error.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Called with the number of bytes just read, from any worker.
  public var onRead: @Sendable (UInt64) -> Void = { _ in }

  public init() {}

  /// - Parameter onSegment: Called with every stretch of the file in order; segments are never kept.
  /// - Throws: ``StorageError`` where nothing can be said: no status, no map, cancelled. A read error during the scan
  ///   is part of the result, because the map stands.
  /// - Complexity: O(extents) and, reading, O(data bytes); memory is 20 bytes an extent.
  public func measure(
    _ source: any ImageSource, onSegment: ((MapSegment) -> Void)? = nil
  ) throws(StorageError) -> ImageMeasurement {
    let before = try source.status()
    let map = try UnwrittenSettlement.settledMap(of: source)
    let unit = AllocationUnit.of(source, map: map, allocated: before.allocated)
    var measurement = ImageMeasurement(status: before, map: map, unit: unit)
    var cells = CellMap(size: map.apparentSize, limit: cellLimit, grain: max(512, source.host.blockSize))
    var walk = MapWalk(map)
    func hand(_ segment: MapSegment) {
      cells.add(segment)
      onSegment?(segment)
    }

    if readsData, map.source != .blocks {
      var tally = ReclaimTally(map: map, unit: unit, source: source)
      var scan = ZeroScan(source: source, unit: unit.bytes, size: map.apparentSize, workers: workers)
      scan.access = access
      scan.isCancelled = isCancelled
      scan.onRead = onRead
      do throws(StorageError) {
        try scan.run(DataSpans(of: map, unit: unit.bytes)) { event in
          switch event {
          case .zero(let run):
            tally.add(run)
            walk.mark(run, as: .zero, hand)
          case .unreadable(let run, let error):
            measurement.unreadableBytes += run.length
            if measurement.readError == nil { measurement.readError = error }
            walk.mark(run, as: .unreadable, hand)
          }
        }
        tally.finish()
        measurement.zero = ZeroTotals(tally, isComplete: measurement.unreadableBytes == 0)
      } catch {
        if error.code == .cancelled { throw error }
        if measurement.readError == nil { measurement.readError = error }
        if error.code == .io {
          // Given up: what was found so far is a lower bound, and the rest shows as what it is.
          measurement.unreadableBytes += walk.dataLeft
          walk.mark(ByteRange(start: walk.position, end: map.apparentSize), as: .unreadable, hand)
          tally.finish()
          measurement.zero = ZeroTotals(tally, isComplete: false)
        }
      }
    }
    walk.finish(hand)
    measurement.cells = cells

    let after = try source.status()
    measurement.changedWhileReading = before.differs(from: after) || measurement.readError?.code == .truncated
    return measurement
  }
}

/// What was found of one image.
public struct ImageMeasurement: Sendable {
  /// Before anything else was asked.
  public let status: FileStatus
  /// With unwritten extents settled.
  public let map: ExtentMap
  public let unit: AllocationUnit
  public let totals: MapTotals
  /// `nil` where no data was read, or not to the end.
  public internal(set) var zero: ZeroTotals?
  public internal(set) var cells: CellMap
  public internal(set) var unreadableBytes: UInt64 = 0
  /// The first read error.
  public internal(set) var readError: StorageError?
  public internal(set) var changedWhileReading = false

  init(status: FileStatus, map: ExtentMap, unit: AllocationUnit) {
    self.status = status
    self.map = map
    self.unit = unit
    totals = MapTotals(of: map)
    cells = CellMap(size: 0, limit: 1)
  }

  /// What the map alone says.
  public var figures: MapFigures {
    MapFigures(status: status, apparentSize: map.apparentSize, source: map.source, totals: totals)
  }

  /// See ``MapFigures/metadata``.
  public var metadata: UInt64? { figures.metadata }

  /// The figures of the report, without what is inside the image.
  public func usage(path: FilePath, role: ImageRole) -> ImageUsage {
    var usage = figures.usage(path: path, role: role)
    guard map.source != .blocks else { return usage }
    usage.map = cells.holeMap
    if let zero {
      usage.zeroBytes = ByteCount(clamping: zero.zeroBytes)
      usage.reclaimableBytes = ByteCount(clamping: zero.reclaimable)
      usage.reclaimableBasis = .scan
      if !zero.reasons.isEmpty { usage.reclaimableReasons = zero.reasons }
    }
    return usage
  }
}

/// What reading all data found.
public struct ZeroTotals: Hashable, Sendable {
  /// Data that reads as zeros, in whole units.
  public var zeroBytes: UInt64
  /// What punching those units gives back.
  public var reclaimable: UInt64
  /// Why punching might give back more; empty where the figure is exact.
  public var reasons: [ReclaimableReason]

  init(_ tally: ReclaimTally, isComplete: Bool) {
    zeroBytes = tally.zeroBytes
    reclaimable = tally.reclaimable
    var reasons = tally.reasons
    if !isComplete { reasons.insert(.notAllRead) }
    // A reason without zero data to keep back says nothing.
    if zeroBytes == 0 { reasons.formIntersection([.notAllRead]) }
    self.reasons = reasons.sorted { $0.rawValue < $1.rawValue }
  }
}
