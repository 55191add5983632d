import FilesystemReader
import ImageIntegrity
import LinuxStorage
import SpaceModel

/// Asks another image of the same OS version, active's passive or the other way, what a file should hold.
///
/// Reads names and inodes of both, and of the twin the ranges that are asked for. Reads only; not thread-safe.
public final class TwinComparison {
  private let image: ExtTreeContents
  private let twin: ExtTreeContents
  private let twinHoles: [ByteRange]
  private let imageNames: ContentsLookup
  private let twinNames: ContentsLookup
  /// The smallest block a filesystem may have.
  private static let grain: UInt64 = 1 << 10
  private static let piece: UInt64 = 1 << 20

  /// - Parameters:
  ///   - image: The unmounted ext filesystem that is examined.
  ///   - twin: The other's.
  ///   - twinHoles: Holes of the twin's image file, in its bytes, half-open, ascending.
  /// - Throws: ``StorageError`` where one of them cannot be opened.
  public init(image: any ByteSource, twin: any ByteSource, twinHoles: [ByteRange]) throws(StorageError) {
    self.image = try ExtTreeContents(try ExtFilesystem(image))
    self.twin = try ExtTreeContents(try ExtFilesystem(twin))
    self.twinHoles = ByteRange.union(twinHoles)
    imageNames = ContentsLookup(self.image)
    twinNames = ContentsLookup(self.twin)
  }

  // MARK: Names

  /// Goes through both, side by side.
  ///
  /// - Throws: ``StorageError`` where the disk under one of them cannot be read; what is damaged in either is counted.
  public func metadata() throws(StorageError) -> TwinMetadata {
    var metadata = TwinMetadata()
    metadata.osRelease = try osRelease()
    try PairedContents(reference: twin, subject: image, toleratesReference: true).walk {
      (pairs) throws(StorageError) in
      for pair in pairs where pair.path != "/lost+found" { Self.count(pair, &metadata) }
    }
    return metadata
  }

  private static func count(_ pair: PairedContents.Pair, _ metadata: inout TwinMetadata) {
    switch (pair.reference, pair.subject) {
    case (let theirs?, .present(let mine)):
      if mine.kind == nil { metadata.unreadableInImage += 1 }
      if theirs.kind == nil { metadata.unreadableInTwin += 1 }
      guard mine.kind == .file, theirs.kind == .file else { return }
      metadata.inBoth += 1
      if mine.size != theirs.size {
        metadata.sizeDiffersCount += 1
        if metadata.sizeDiffers.count < TwinMetadata.mostPaths { metadata.sizeDiffers.append(pair.path) }
      } else if hasSameTime(mine, theirs) {
        metadata.equal += 1
      }
    case (nil, .present):
      metadata.onlyInImageCount += 1
      if metadata.onlyInImage.count < TwinMetadata.mostPaths { metadata.onlyInImage.append(pair.path) }
    case (_?, .absent), (_?, .unreachable):
      metadata.onlyInTwinCount += 1
      if metadata.onlyInTwin.count < TwinMetadata.mostPaths { metadata.onlyInTwin.append(pair.path) }
    case (nil, _): break
    }
  }

  private static func hasSameTime(_ mine: TreeRecord, _ theirs: TreeRecord) -> Bool {
    guard mine.modified == theirs.modified else { return false }
    guard let left = mine.modifiedNanoseconds, let right = theirs.modifiedNanoseconds else { return true }
    return left == right
  }

  private func osRelease() throws(StorageError) -> TwinMetadata.OSReleaseMatch {
    do throws(StorageError) {
      guard let (mine, theirs) = try TreeComparison.releases(image, twin) else { return .unknown }
      return mine == theirs ? .equal : .different
    } catch {
      if error.code == .io, error.cause != nil { throw error }
      return .unknown
    }
  }

  // MARK: Contents

  /// What the twin says of each file, in the order of the questions.
  ///
  /// - Throws: ``StorageError`` where the disk under one of them cannot be read.
  public func answers(_ questions: [TwinQuestion]) throws(StorageError) -> [TwinAnswer] {
    var answers = [TwinAnswer](repeating: .undecided(""), count: questions.count)
    // By path, so that each directory is listed once.
    for index in questions.indices.sorted(by: { questions[$0].path < questions[$1].path }) {
      do throws(StorageError) { answers[index] = try answer(questions[index]) } catch {
        if error.code == .io, error.cause != nil { throw error }
        answers[index] = .undecided("the twin's copy cannot be read: \(error.message)")
      }
    }
    return answers
  }

  private func answer(_ question: TwinQuestion) throws(StorageError) -> TwinAnswer {
    guard let mine = try imageNames.record(question.path), mine.kind == .file else {
      return .undecided("the image has no such file")
    }
    guard let theirs = try twinNames.record(question.path), theirs.kind == .file else {
      return .undecided("the twin has no such file")
    }
    guard mine.size == theirs.size, Self.hasSameTime(mine, theirs) else {
      return .undecided("the twin's file is of another size or time")
    }
    let file = try twin.filesystem.open(inode: UInt32(truncatingIfNeeded: theirs.node), path: question.path)
    let map = try file.extentMap()
    var pieces: [TwinPiece] = []
    let whole = ByteRange(start: 0, end: file.size)
    for range in ByteRange.union(question.zeroRanges) {
      guard let wanted = range.intersection(whole) else { continue }
      try look(at: wanted, of: file, map, &pieces)
    }
    return TwinAnswer(pieces)
  }

  private func look(
    at wanted: ByteRange, of file: ExtFile, _ map: ExtentMap, _ pieces: inout [TwinPiece]
  ) throws(StorageError) {
    var at = wanted.start
    var index = map.firstIndex(endingAfter: at)
    while at < wanted.end {
      let extent = index < map.count ? map[index].clipped(to: wanted) : nil
      // A hole in the twin's file, or never written.
      let gap = min(extent?.start ?? wanted.end, wanted.end)
      if gap > at { pieces.append(TwinPiece(range: ByteRange(start: at, end: gap), content: .hole)) }
      guard let extent else { return }
      if extent.isUnwritten || extent.physical == nil {
        pieces.append(TwinPiece(range: extent.range, content: .hole))
      } else {
        try read(extent, of: file, &pieces)
      }
      at = extent.range.end
      index += 1
    }
  }

  private func read(
    _ extent: Extent, of file: ExtFile, _ pieces: inout [TwinPiece]
  ) throws(StorageError) {
    var at = extent.start
    while at < extent.range.end {
      let part = ByteRange(start: at, end: min(extent.range.end, at + Self.piece))
      let bytes = try file.quietBytes(at: part.start, count: Int(part.length))
      for start in stride(from: 0, to: bytes.count, by: Int(Self.grain)) {
        let slice = bytes[start..<min(bytes.count, start + Int(Self.grain))]
        let range = ByteRange(start: part.start + UInt64(start), length: UInt64(slice.count))
        let content: TwinPiece.Content =
          slice.contains { $0 != 0 }
          ? .data
          : isHole(ByteRange(start: (extent.physical ?? 0) + (range.start - extent.start), length: range.length))
            ? .hole : .writtenZeros
        append(TwinPiece(range: range, content: content), to: &pieces)
      }
      at = part.end
    }
  }

  private func append(_ piece: TwinPiece, to pieces: inout [TwinPiece]) {
    if let last = pieces.last, last.content == piece.content, last.range.end == piece.range.start {
      pieces[pieces.count - 1].range.end = piece.range.end
    } else {
      pieces.append(piece)
    }
  }

  /// Whether any of a range of the twin's image file is a hole.
  private func isHole(_ range: ByteRange) -> Bool {
    var (low, high) = (0, twinHoles.count)
    while low < high {
      let middle = (low + high) / 2
      if twinHoles[middle].end > range.start { high = middle } else { low = middle + 1 }
    }
    return low < twinHoles.count && twinHoles[low].start < range.end
  }
}

extension ByteSource {
  /// Like `bytes(at:count:)`, leaving the page cache as it was.
  fileprivate func quietBytes(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let outcome = bytes.withUnsafeMutableBytes { buffer -> Result<Int, StorageError> in
      do throws(StorageError) { return .success(try readQuietly(into: buffer, at: offset)) } catch {
        return .failure(error)
      }
    }
    bytes.removeLast(count - (try outcome.get()))
    return bytes
  }
}
