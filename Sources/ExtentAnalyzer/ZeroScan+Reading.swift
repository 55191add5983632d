import LinuxStorage
import SpaceModel

extension ZeroScan {
  /// Reads neighbouring spans, and tests their units.
  func read(
    _ spans: ArraySlice<ByteRange>, _ buffer: UnsafeMutableRawBufferPointer, _ events: inout [Event]
  ) throws(StorageError) {
    var index = spans.startIndex
    var offset = spans[index].start
    while index < spans.endIndex {
      // One read takes as many neighbouring spans as fit the buffer.
      let start = offset
      let limit = start + UInt64(buffer.count)
      var end = min(spans[index].end, limit)
      var last = index
      while end == spans[last].end, last + 1 < spans.endIndex, spans[last + 1].end <= limit {
        last += 1
        end = spans[last].end
      }
      try checkCancelled()
      let range = ByteRange(start: start, end: end)
      try readOnce(range, spans[index...last], buffer, &events)
      offset = end
      if end == spans[last].end {
        index = last + 1
        if index < spans.endIndex { offset = spans[index].start }
      } else {
        index = last
      }
    }
  }

  /// Reads `range`, and tests the units of `spans` that lie in it.
  private func readOnce(
    _ range: ByteRange, _ spans: ArraySlice<ByteRange>, _ buffer: UnsafeMutableRawBufferPointer,
    _ events: inout [Event]
  ) throws(StorageError) {
    let want = Int(min(range.end, max(size, range.start)) - range.start)
    let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<want])
    let got: Int
    do throws(StorageError) {
      got = try source.readQuietly(into: target, at: range.start)
    } catch {
      guard error.code == .io else { throw error }
      return try readUnitByUnit(range, spans, buffer, &events)
    }
    onRead(UInt64(got))
    guard got == want else {
      throw cutShort(range.start + UInt64(got))
    }
    for span in spans {
      guard let part = span.intersection(range) else { continue }
      for run in ZeroTest.zeroUnits(
        of: part, in: UnsafeRawBufferPointer(target), from: range.start, unit: unit)
      { Self.append(run, to: &events) }
    }
  }

  private func cutShort(_ end: UInt64) -> StorageError {
    StorageError(
      .truncated, operation: "read", path: source.path,
      message: "it ends at byte \(end), before byte \(size) that it had",
      hint: "Something truncates it. Measure again when it is left alone.")
  }

  /// After a read error: which units are bad, and what the others hold.
  private func readUnitByUnit(
    _ range: ByteRange, _ spans: ArraySlice<ByteRange>, _ buffer: UnsafeMutableRawBufferPointer,
    _ events: inout [Event]
  ) throws(StorageError) {
    source.beginReadingBlocks(of: range)
    var unreadable = 0
    for span in spans {
      guard let part = span.intersection(range) else { continue }
      var at = part.start
      while at < part.end {
        try checkCancelled()
        let want = Int(min(at + unit, max(size, at)) - at)
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<want])
        do throws(StorageError) {
          let got = try source.readQuietly(into: target, at: at)
          onRead(UInt64(got))
          guard got == want else { throw cutShort(at + UInt64(got)) }
          if ZeroTest.isZero(UnsafeRawBufferPointer(rebasing: buffer[..<got])) {
            Self.append(ByteRange(start: at, length: unit), to: &events)
          }
        } catch {
          guard error.code == .io else { throw error }
          events.append(.unreadable(ByteRange(start: at, length: unit), error))
          unreadable += 1
          guard unreadable <= Self.unreadableLimit else { throw error }
        }
        at += unit
      }
    }
  }
}
