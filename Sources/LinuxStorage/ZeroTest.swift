import CLinuxStorage
import SpaceModel

/// Whether memory holds nothing but zero bytes.
public enum ZeroTest {
  /// Looks at every byte: blocks whose only set byte is the last one exist. The first ones are looked at alone, because
  /// most data differs from zero at once.
  public static func isZero(_ memory: UnsafeRawBufferPointer) -> Bool {
    guard let base = memory.baseAddress else { return true }
    return cls_is_zero(base, memory.count) != 0
  }

  /// The units of a range that hold nothing but zeros.
  ///
  /// - Parameters:
  ///   - range: Whole units, half-open, in bytes from the file's start.
  ///   - memory: What the file holds from `start` on, which is not behind the range's start. A unit that passes its end
  ///     counts by its bytes before it.
  ///   - unit: A power of two.
  /// - Returns: Ascending, joined where they touch.
  public static func zeroUnits(
    of range: ByteRange, in memory: UnsafeRawBufferPointer, from start: UInt64, unit: UInt64
  ) -> [ByteRange] {
    var runs: [ByteRange] = []
    var at = range.start
    while at < range.end {
      let from = min(Int(at - start), memory.count)
      let count = min(Int(unit), memory.count - from)
      if isZero(UnsafeRawBufferPointer(rebasing: memory[from..<from + count])) {
        if let last = runs.last, last.end == at {
          runs[runs.count - 1].end = at + unit
        } else {
          runs.append(ByteRange(start: at, length: unit))
        }
      }
      at += unit
    }
    return runs
  }
}
