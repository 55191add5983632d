import LinuxStorage
import SpaceModel

/// Adds up what punching zero units would give back, run by run in file order.
///
/// A run counts in full unless the filesystem would keep the storage: extents that another file maps too, compressed
/// ones, inline data. btrfs is another matter: it frees an extent as a whole, when nothing refers to any part of it.
struct ReclaimTally {
  private(set) var zeroBytes: UInt64 = 0
  private(set) var reclaimable: UInt64 = 0
  private(set) var reasons: Set<ReclaimableReason> = []
  /// The parts of the runs whose punching gives something back, ascending; empty without `keepsRanges`.
  private(set) var ranges: [ByteRange] = []

  private let keepsRanges: Bool
  private let map: ExtentMap
  private let unit: UInt64
  private let isCertain: Bool
  private let known: Bool
  private var index = 0
  private var whole: WholeExtentTally?

  init(map: ExtentMap, unit: AllocationUnit, source: any ImageSource, keepsRanges: Bool = false) {
    self.keepsRanges = keepsRanges
    self.map = map
    self.unit = unit.bytes
    isCertain = unit.isCertain
    if !unit.isCertain { reasons.insert(.unitInferred) }
    known = Self.isKnown(source, unit)
    do throws(StorageError) {
      if let items = try source.wholeExtents() { whole = WholeExtentTally(items, map: map) }
    } catch {
      // Nothing is known of btrfs extents then, so nothing is promised.
      whole = WholeExtentTally([], map: map)
      reasons.insert(.extentsNotReadable)
    }
  }

  /// Filesystems whose punching is known to free whole units.
  private static let punchable: Set<String> = ["ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "f2fs"]

  /// Whether it is known what a punch frees. An XFS file whose unit is not known lies on the realtime device.
  static func isKnown(_ source: any ImageSource, _ unit: AllocationUnit) -> Bool {
    punchable.contains(source.host.type ?? "") && (unit.isCertain || source.host.type == "ext4")
  }

  /// - Parameter run: Whole units that read as zeros, behind all earlier runs.
  mutating func add(_ run: ByteRange) {
    while index < map.count, map[index].range.end <= run.start { index += 1 }
    let before = zeroBytes
    var excluded: UInt64 = 0
    var excludedTo = run.start
    var at = index
    while at < map.count, map[at].start < run.end {
      let extent = map[at]
      at += 1
      guard let part = extent.range.intersection(run) else { continue }
      if !extent.isUnwritten, part.start < map.apparentSize {
        zeroBytes += min(part.end, map.apparentSize) - part.start
      }
      if let reason = Self.reason(extent.flags) {
        reasons.insert(reason)
        let units = part.expanded(toMultipleOf: unit)
        let from = max(units.start, excludedTo)
        if units.end > from {
          keep(from: excludedTo, to: from)
          excluded += units.end - from
          excludedTo = units.end
        }
      }
    }
    keep(from: excludedTo, to: run.end)
    guard known else {
      reasons.insert(.filesystemNotKnown)
      return
    }
    if whole != nil {
      whole?.add(run)
    } else {
      // With a unit that is only inferred, a unit that is mapped in part may be several: what is mapped counts.
      reclaimable += isCertain ? run.length - excluded : min(run.length - excluded, zeroBytes - before)
    }
  }

  private mutating func keep(from start: UInt64, to end: UInt64) {
    if keepsRanges, known, whole == nil, start < end { ranges.append(ByteRange(start: start, end: end)) }
  }

  mutating func finish() {
    guard let whole else { return }
    if keepsRanges, known { ranges = ByteRange.union(whole.givenBack) }
    reclaimable = whole.reclaimable
    if zeroBytes > 0, whole.hasKeptZeros { reasons.insert(.partOfLargerExtent) }
    if zeroBytes > reclaimable, reasons.isEmpty { reasons.insert(.notWrittenBack) }
  }

  private static func reason(_ flags: Extent.Flags) -> ReclaimableReason? {
    if flags.contains(.inline) { return .inline }
    if flags.contains(.encoded) { return .encoded }
    return flags.contains(.shared) ? .shared : nil
  }
}

/// btrfs: an extent is given back when every item that maps a part of it lies in zero runs.
struct WholeExtentTally {
  private let items: [WholeExtent]
  private var index = 0
  private var groups: [ByteRange: Group] = [:]

  private struct Group {
    /// Items of the file that are not known to be zero yet.
    var open = 0
    var anyZero = false
    /// Compressed, preallocated in part, or shared: not given back, or not by punching zeros.
    var isKept = false
  }

  init(_ items: [WholeExtent], map: ExtentMap) {
    self.items = items.sorted { $0.file.start < $1.file.start }
    for item in items {
      var group = groups[item.disk] ?? Group()
      group.open += 1
      if item.isEncoded || item.isUnwritten { group.isKept = true }
      var at = map.firstIndex(endingAfter: item.file.start)
      while at < map.count, map[at].start < item.file.end {
        if map[at].flags.contains(.shared) { group.isKept = true }
        at += 1
      }
      groups[item.disk] = group
    }
  }

  mutating func add(_ run: ByteRange) {
    while index < items.count, items[index].file.start < run.end {
      let item = items[index]
      if item.file.intersection(run) != nil {
        groups[item.disk]?.anyZero = true
        if run.start <= item.file.start, item.file.end <= run.end { groups[item.disk]?.open -= 1 }
      }
      // An item that reaches behind this run is not wholly zero, but may still meet the next one.
      if item.file.end > run.end { return }
      index += 1
    }
  }

  var reclaimable: UInt64 {
    groups.reduce(0) { $1.value.open == 0 && !$1.value.isKept ? $0 + $1.key.length : $0 }
  }

  /// The parts of the file that map extents which are given back.
  var givenBack: [ByteRange] {
    items.filter { item in groups[item.disk].map { $0.open == 0 && !$0.isKept } ?? false }.map(\.file)
  }

  /// Whether zeros lie in extents that stay.
  var hasKeptZeros: Bool { groups.values.contains { $0.anyZero && ($0.open > 0 || $0.isKept) } }
}
