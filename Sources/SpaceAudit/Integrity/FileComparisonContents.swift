import FilesystemReader
import Glibc
import ImageIntegrity
import SpaceModel

/// Compares the bytes of files of an image with those of its payload, a mebibyte at a time. Not thread-safe.
final class FileComparison {
  private let image: any TreeContents
  private let payload: any TreeContents
  private let mine = UnsafeMutableRawBufferPointer.allocate(byteCount: FileComparison.piece, alignment: 4096)
  private let theirs = UnsafeMutableRawBufferPointer.allocate(byteCount: FileComparison.piece, alignment: 4096)
  private static let piece = 1 << 20
  /// The smallest block a filesystem may have: what is lost is lost in whole ones.
  private static let grain = 1 << 10

  init(image: any TreeContents, payload: any TreeContents) {
    self.image = image
    self.payload = payload
  }

  deinit {
    mine.deallocate()
    theirs.deallocate()
  }

  /// - Returns: `nil` where they are equal.
  /// - Throws: ``StorageError`` where the payload cannot be read, or the disk under the image.
  func compare(_ item: TreeComparisonBatch.Item) throws(StorageError) -> TreeDifference.Kind? {
    let expected = try payload.open(item.payload, at: item.path)
    let found: any TreeFileContents
    do throws(StorageError) { found = try image.open(item.image, at: item.path) } catch {
      return try unreadable(error)
    }
    var tally = ContentTally()
    var offset: UInt64 = 0
    while offset < item.size {
      let count = Int(min(UInt64(Self.piece), item.size - offset))
      let right = UnsafeMutableRawBufferPointer(rebasing: theirs[..<count])
      let left = UnsafeMutableRawBufferPointer(rebasing: mine[..<count])
      guard try expected.read(into: right, at: offset) == count else {
        throw StorageError(
          .changed, operation: "read", path: payload.path.appending(item.path),
          message: "it ends before byte \(item.size), where its inode says it does",
          hint: "Try again when nothing writes to it.")
      }
      do throws(StorageError) {
        guard try found.read(into: left, at: offset) == count else { return .unreadable("it ends too early") }
      } catch {
        return try unreadable(error)
      }
      tally.add(UnsafeRawBufferPointer(left), expected: UnsafeRawBufferPointer(right), at: offset)
      offset += UInt64(count)
    }
    return tally.difference.map { .contents($0) }
  }

  /// An error of the disk is not one of the image.
  private func unreadable(_ error: StorageError) throws(StorageError) -> TreeDifference.Kind {
    if error.code == .io, error.cause != nil { throw error }
    return .unreadable(error.message)
  }

  /// What was seen of a file so far.
  private struct ContentTally {
    private var first: UInt64?
    private var differing: UInt64 = 0
    private var zeroRanges: [ByteRange] = []
    private var zeros: UInt64 = 0
    private var isAllNul = true
    /// Bytes that differ where a piece is zeros in the payload.
    private var lackedByPayload: UInt64 = 0

    mutating func add(_ found: UnsafeRawBufferPointer, expected: UnsafeRawBufferPointer, at offset: UInt64) {
      guard let left = found.baseAddress, let right = expected.baseAddress else { return }
      guard memcmp(left, right, found.count) != 0 else {
        if isAllNul, !Self.isZero(found) { isAllNul = false }
        return
      }
      for start in stride(from: 0, to: found.count, by: FileComparison.grain) {
        let count = min(FileComparison.grain, found.count - start)
        let part = UnsafeRawBufferPointer(start: left + start, count: count)
        let isZero = Self.isZero(part)
        if !isZero { isAllNul = false }
        guard memcmp(left + start, right + start, count) != 0 else { continue }
        let before = differing
        for index in 0..<count where part[index] != expected[start + index] {
          differing += 1
          first = first ?? offset + UInt64(start + index)
        }
        // A flipped bit among zeros is no data.
        if differing - before > UInt64(count / 16),
          Self.isZero(UnsafeRawBufferPointer(start: right + start, count: count))
        {
          lackedByPayload += differing - before
        }
        if isZero { addZeros(ByteRange(start: offset + UInt64(start), length: UInt64(count))) }
      }
    }

    private mutating func addZeros(_ range: ByteRange) {
      zeros += range.length
      if let last = zeroRanges.last, last.end == range.start {
        zeroRanges[zeroRanges.count - 1].end = range.end
      } else if zeroRanges.count < ContentDifference.mostRanges {
        zeroRanges.append(range)
      }
    }

    /// A byte of zero, and each byte like the one before it.
    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
      guard let start = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
      return memcmp(start, start + 1, bytes.count - 1) == 0
    }

    var difference: ContentDifference? {
      guard let first else { return nil }
      var difference = ContentDifference(
        firstOffset: first, differingBytes: ByteCount(clamping: differing), zeroBytes: ByteCount(clamping: zeros),
        zeroRanges: zeroRanges, isAllNul: isAllNul)
      difference.isOfPayload = lackedByPayload == differing
      return difference
    }
  }
}
