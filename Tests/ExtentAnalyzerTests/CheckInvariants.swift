import ExtentAnalyzer
import SpaceModel
import Testing

/// What holds of every measurement, whatever the file: called by all tests that make one.
///
/// - Parameter freesWholeExtents: btrfs, where an extent that is given back can be larger than what the file maps of it.
func checkInvariants(
  _ measurement: ImageMeasurement, _ segments: [MapSegment], freesWholeExtents: Bool = false, _ comment: Comment
) {
  let map = measurement.map
  checkInvariants(map, comment)
  let totals = measurement.totals
  #expect(totals.data + totals.hole + totals.unwritten == map.apparentSize, comment)
  #expect(totals.mapped == map.reduce(0) { $0 + $1.length }, comment)
  if let metadata = measurement.metadata {
    #expect(metadata + totals.mapped == measurement.status.allocated, comment)
  }
  if let zero = measurement.zero {
    #expect(zero.zeroBytes <= totals.data, comment)
    // A whole unit is given back, which reaches behind the end or over holes of a cluster.
    #expect(zero.reasons.isEmpty == false || zero.reclaimable >= zero.zeroBytes, comment)
    // Promising too much is the dangerous error: never more than the units that hold data.
    let file = ByteRange(start: 0, end: map.apparentSize)
    let units = map.filter { !$0.isUnwritten }.compactMap { $0.range.intersection(file) }
      .map { $0.expanded(toMultipleOf: measurement.unit.bytes) }
    let inUse = ByteRange.union(units).reduce(0) { $0 + $1.length }
    #expect(freesWholeExtents || zero.reclaimable <= inUse, comment)
  }
  var position: UInt64 = 0
  var sums: [MapSegment.Kind: UInt64] = [:]
  for segment in segments {
    #expect(segment.range.start == position && !segment.range.isEmpty, comment)
    position = segment.range.end
    sums[segment.kind, default: 0] += segment.range.length
  }
  #expect(segments.isEmpty || position == map.apparentSize, comment)
  if let zero = measurement.zero, !segments.isEmpty { #expect(sums[.zero, default: 0] == zero.zeroBytes, comment) }
}

/// Ascending, apart, not empty, merged.
func checkInvariants(_ map: ExtentMap, _ comment: Comment) {
  var last: Extent?
  for extent in map {
    #expect(extent.length > 0, comment)
    if let last {
      #expect(extent.start >= last.range.end, comment)
      let meets = last.range.end == extent.start && last.flags == extent.flags
      let continues = last.physical.map { $0 + last.length } == extent.physical
      #expect(!(meets && continues), comment)
    }
    last = extent
  }
}
