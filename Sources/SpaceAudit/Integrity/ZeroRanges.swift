import ExtentAnalyzer
import LinuxStorage
import SpaceModel

/// Data of an image that was read and is zero, in whole allocation units.
public struct ZeroRanges: Sendable {
  /// Ascending and apart.
  public private(set) var ranges: [ByteRange] = []
  public var unreadableBytes: UInt64 = 0
  public var changedWhileReading = false

  /// An OS image has some thousands; more than this would be somebody's attempt on our memory.
  private static let limit = 2_000_000

  public init() {}

  /// Takes in the next stretch of a measurement; in ascending order.
  public mutating func add(_ segment: MapSegment) {
    switch segment.kind {
    case .zero:
      if let last = ranges.last, last.end == segment.range.start {
        ranges[ranges.count - 1].end = segment.range.end
      } else if ranges.count < Self.limit {
        ranges.append(segment.range)
      } else {
        unreadableBytes = unreadableBytes.addingClamped(segment.range.length)
      }
    case .unreadable:
      unreadableBytes = unreadableBytes.addingClamped(segment.range.length)
    case .data, .hole, .unwritten:
      break
    }
  }

  /// - Throws: ``StorageError`` where nothing can be read, or `.cancelled`.
  static func read(of image: any ImageSource, monitor: AuditMonitor) throws(StorageError) -> ZeroRanges {
    var analyzer = ImageAnalyzer()
    analyzer.isCancelled = monitor.isCancelled
    analyzer.onRead = monitor.onRead
    var zeros = ZeroRanges()
    let measurement = try analyzer.measure(image) { zeros.add($0) }
    zeros.changedWhileReading = measurement.changedWhileReading
    if let error = measurement.readError, measurement.unreadableBytes == 0 { throw error }
    return zeros
  }
}
