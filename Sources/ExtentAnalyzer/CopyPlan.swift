import LinuxStorage
import SpaceModel

/// What of a file must be read to copy it, and in which units the copy is written.
public struct CopyPlan: Sendable {
  /// The file's size.
  public let size: UInt64
  /// The copy's allocation unit: a unit of zeros stays a hole. A power of two.
  public let unit: UInt64
  /// Ascending, whole units, the last one cut at the file's end. All else is hole.
  public let spans: [ByteRange]

  /// A range is a hole only where both the extent map and SEEK_DATA say so. Each has been wrong by itself: the map hides
  /// in unwritten extents what was not written back yet, and kernels have had faults in SEEK_HOLE.
  ///
  /// - Throws: ``StorageError`` where the file cannot be mapped.
  public init(of source: any ImageSource, unit: UInt64) throws(StorageError) {
    let size = source.size
    let whole = ByteRange(start: 0, end: size)
    let map = try source.extentMap()
    var data: [ByteRange] = []
    if map.source == .blocks {
      data = [whole]
    } else {
      for extent in map where !extent.isUnwritten { data.append(extent.range) }
      data += try Self.soughtData(source)
    }
    let spans = ByteRange.union(data.compactMap { $0.intersection(whole)?.expanded(toMultipleOf: unit) })
    self.init(size: size, unit: unit, spans: spans)
  }

  init(size: UInt64, unit: UInt64, spans: [ByteRange]) {
    let whole = ByteRange(start: 0, end: size)
    self.size = size
    self.unit = unit
    self.spans = spans.compactMap { $0.intersection(whole) }
  }

  private static func soughtData(_ source: any ImageSource) throws(StorageError) -> [ByteRange] {
    var found: [ByteRange] = []
    var offset: UInt64 = 0
    do throws(StorageError) {
      while offset < source.size, let data = try source.nextData(from: offset) {
        if let last = found.last, last.end == data.start {
          found[found.count - 1].end = data.end
        } else {
          found.append(data)
        }
        offset = max(data.end, offset + 1)
      }
    } catch {
      guard error.code == .unsupported else { throw error }
      return [ByteRange(start: 0, end: source.size)]
    }
    return found
  }

  /// What must be read, in bytes.
  public var dataBytes: UInt64 { spans.reduce(0) { $0 + $1.length } }
  public var holeBytes: UInt64 { size - dataBytes }

  /// What the copy takes where nothing of the data is zeros, in whole units.
  public var mostAllocated: UInt64 {
    spans.reduce(0) { $0.addingClamped($1.expanded(toMultipleOf: unit).length) }
  }

  /// The spans in pieces of at most `length`, which is a multiple of the unit.
  public func pieces(of length: UInt64) -> [ByteRange] {
    var pieces: [ByteRange] = []
    for span in spans {
      var start = span.start
      while start < span.end {
        // Cut at multiples, so that writes of long spans begin where blocks of the device do.
        let end = min(span.end, (start / length + 1) * length)
        pieces.append(ByteRange(start: start, end: end))
        start = end
      }
    }
    return pieces
  }

  /// The parts of a piece that must be written: runs of units that hold more than zeros.
  ///
  /// - Parameter memory: The piece's bytes; a last unit is shorter where the file ends.
  /// - Returns: Ranges within `memory`, ascending.
  public func runs(in memory: UnsafeRawBufferPointer) -> [Range<Int>] {
    let step = Int(unit)
    var runs: [Range<Int>] = []
    var at = 0
    while at < memory.count {
      let end = min(at + step, memory.count)
      if !ZeroTest.isZero(UnsafeRawBufferPointer(rebasing: memory[at..<end])) {
        if let last = runs.last, last.upperBound == at {
          runs[runs.count - 1] = last.lowerBound..<end
        } else {
          runs.append(at..<end)
        }
      }
      at = end
    }
    return runs
  }
}
