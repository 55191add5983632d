import LinuxStorage
import SpaceModel

/// Which holes to punch into a file, and what its filesystem gains by them.
public struct ReclaimPlan: Sendable {
  /// As the file was when the plan was made.
  public let status: FileStatus
  public let map: ExtentMap
  public let unit: AllocationUnit
  /// What to punch: whole units that read as zeros and whose storage the filesystem gets back. Ascending and apart.
  public internal(set) var ranges: [ByteRange] = []
  /// Everything that reads as zeros in whole units, shared and compressed extents included.
  public internal(set) var zeros: [ByteRange] = []
  /// See ``ZeroTotals/zeroBytes``.
  public internal(set) var zeroBytes: UInt64 = 0
  /// What the punched units occupy.
  public internal(set) var reclaimable: UInt64 = 0
  /// Why not all zeros are punched, in the order of their names.
  public internal(set) var reasons: [ReclaimableReason] = []
  /// What the filesystem needs to remember that many holes.
  public internal(set) var cost = ReclaimCost.none
  public internal(set) var unreadableBytes: UInt64 = 0
  /// The first read error; what could not be read is not punched.
  public internal(set) var readError: StorageError?

  init(status: FileStatus, map: ExtentMap, unit: AllocationUnit) {
    self.status = status
    self.map = map
    self.unit = unit
  }

  /// What the filesystem has more of afterwards, as far as it can be foretold; never below zero.
  public var gain: UInt64 { reclaimable - min(reclaimable, cost.expected) }
  /// What it has more of at least; equal to ``gain`` where that is no estimate.
  public var leastGain: UInt64 { reclaimable - min(reclaimable, cost.most) }

  /// ``zeros`` as far as they are data, as a measurement hands them on; ascending.
  public var zeroSegments: [MapSegment] {
    let whole = ByteRange(start: 0, end: map.apparentSize)
    var segments: [MapSegment] = []
    for run in zeros {
      var at = map.firstIndex(endingAfter: run.start)
      while at < map.count, map[at].start < run.end {
        let extent = map[at]
        at += 1
        guard !extent.isUnwritten, let part = extent.range.intersection(run)?.intersection(whole) else { continue }
        segments.append(
          MapSegment(
            range: part, kind: .zero, physical: extent.physical.map { $0 &+ (part.start - extent.start) },
            isShared: extent.flags.contains(.shared)))
      }
    }
    return segments
  }

  /// Bytes in ``ranges``.
  public var rangeBytes: UInt64 { ranges.reduce(0) { $0 + $1.length } }
}

/// Makes plans; reads only.
public struct ReclaimPlanner: Sendable {
  /// Runs shorter than this are left alone; each hole costs an extent record.
  public var shortestRun: UInt64 = 0
  /// Asked between reads; `true` ends the planning with a `.cancelled` error.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Called with the number of bytes just read, from any worker.
  public var onRead: @Sendable (UInt64) -> Void = { _ in }

  /// A plan holds its ranges; an OS image has some thousands.
  private static let limit = 4_000_000

  public init() {}

  /// - Throws: ``StorageError``: where nothing can be said of the file, `.cancelled`, or `.changed` where it changed
  ///   while it was read.
  public func plan(_ file: LiveFile) throws(StorageError) -> ReclaimPlan {
    let status = try file.status()
    let map = try UnwrittenSettlement.settledMap(of: file)
    guard map.source != .blocks else {
      throw StorageError(
        .unsupported, operation: "find zeros in", path: file.path,
        message: "its filesystem does not tell where its data lies",
        hint:
          "Dig where the file really lies: behind FUSE in the directory it is handed on from, with NFS on the server.")
    }
    let unit = AllocationUnit.of(file, map: map, allocated: status.allocated)
    var plan = ReclaimPlan(status: status, map: map, unit: unit)
    var tally = ReclaimTally(map: map, unit: unit, source: file, keepsRanges: true)
    var scan = ZeroScan(source: file, unit: unit.bytes, size: map.apparentSize)
    scan.isCancelled = isCancelled
    scan.onRead = onRead
    var isTooMuch = false
    try scan.run(DataSpans(of: map, unit: unit.bytes)) { event in
      switch event {
      case .zero(let run):
        plan.zeros.append(run)
        // A short run may be a part of a btrfs extent that is zero as a whole; there the extents are measured instead.
        if run.length >= shortestRun || file.host.isBtrfs { tally.add(run) }
        isTooMuch = isTooMuch || plan.zeros.count > Self.limit
      case .unreadable(let range, let error):
        plan.unreadableBytes += range.length
        if plan.readError == nil { plan.readError = error }
      }
    }
    guard !isTooMuch else {
      throw StorageError(
        .unsupported, operation: "plan holes for", path: file.path,
        message: "its zeros lie in more than \(Self.limit) pieces")
    }
    tally.finish()
    let totals = ZeroTotals(tally, isComplete: plan.unreadableBytes == 0)
    plan.ranges = tally.ranges.filter { $0.length >= shortestRun }
    plan.zeroBytes = totals.zeroBytes
    plan.reclaimable = plan.ranges.isEmpty ? 0 : totals.reclaimable
    plan.reasons = totals.reasons
    plan.cost = ReclaimCost(of: plan, on: file)
    let after = try file.status()
    guard after.isSameContent(as: status) else { throw .changedWhileReclaiming(file.path) }
    return plan
  }
}

extension FileStatus {
  /// The same file, with neither its content nor its size touched as far as its times tell.
  public func isSameContent(as other: FileStatus) -> Bool {
    device == other.device && inode == other.inode && size == other.size && modified == other.modified
      && changed == other.changed
  }
}

extension StorageError {
  /// Somebody wrote to a file between two looks at it.
  public static func changedWhileReclaiming(_ path: FilePath) -> StorageError {
    StorageError(
      .changed, operation: "plan holes for", path: path, message: "it changed since it was looked at",
      hint: "Something writes to it. Try again when it is left alone.")
  }
}
