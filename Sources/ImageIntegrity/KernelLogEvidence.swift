import SpaceModel

/// What a kernel's log proves of one image.
///
/// A write that failed is evidence only where the image still reads as zeros: what was written again since, or was
/// written all the same, is there. The rules: docs/integrity-evidence.md.
public struct KernelLogEvidence: Sendable, Hashable {
  /// Lines that report an error.
  public private(set) var errorCount: Int64 = 0
  /// The log names the filesystem inside, not only a device of the image's size.
  public private(set) var isSameFilesystem = false
  /// Parts of files that failed to be written and read as zeros: in the image, half-open, ascending.
  public private(set) var lost: [ByteRange] = []

  /// Where only the size is the image's, so much of what failed in blocks that are used must read as zeros: it may have
  /// been another image, whose places hit zeros of this one by chance.
  private static let leastShare: UInt64 = 4

  /// - Parameters:
  ///   - apparentBytes: The image's size.
  ///   - filesystemUUID: Of the filesystem inside, as text with dashes.
  ///   - used: Of some ranges, the parts that the filesystem inside uses; ascending.
  ///   - zeros: Of those, the parts that files own and that read as zeros.
  /// - Returns: `nil` where no device that had errors can have been this image, or nothing of what failed is missing.
  public init?(
    _ log: KernelLog, apparentBytes: ByteCount, filesystemUUID: String?, blockBytes: UInt64,
    used: ([ByteRange]) -> [ByteRange], zeros: ([ByteRange]) -> [ByteRange]
  ) {
    guard blockBytes > 0 else { return nil }
    for attachment in log.attachments where attachment.errorCount > 0 {
      let tie = attachment.tie(toImageOf: apparentBytes, filesystemUUID: filesystemUUID)
      guard tie >= .capacity else { continue }
      let places = ByteRange.union(
        attachment.lostWrites(blockBytes: blockBytes).map { $0.expanded(toMultipleOf: blockBytes) })
      if !places.isEmpty {
        let inUse = used(places)
        let missing = zeros(inUse)
        let share = Self.bytes(missing).multipliedClamped(by: Self.leastShare)
        guard !missing.isEmpty, tie == .filesystem || share >= Self.bytes(inUse) else { continue }
        lost = ByteRange.union(lost + missing)
      }
      errorCount += attachment.errorCount
      isSameFilesystem = isSameFilesystem || tie == .filesystem
    }
    if errorCount == 0 { return nil }
  }

  /// Takes it into account.
  ///
  /// - Parameter files: All files with blocks in doubt, as far as they are known.
  public func apply(to integrity: inout Integrity, files: [FileJudgement]) {
    let device =
      isSameFilesystem ? "the loop device that held this filesystem" : "a loop device of this image's size"
    var words = "The kernel log has \(errorCount) failed write\(errorCount == 1 ? "" : "s") to \(device)"
    words += lost.isEmpty ? "." : ", and \(ByteCount(clamping: Self.bytes(lost))) of them read as zeros."
    switch integrity.state {
    case .damaged:
      integrity.reason += " " + words
      return
    case .suspect:
      integrity.state = .damaged
      integrity.reason += " " + words
    case .clean, .unknown:
      // A journal that was not replayed, or what cannot be read, stays unknown.
      guard integrity.state == .clean || integrity.isUndecided == true, isSameFilesystem || !lost.isEmpty else {
        return
      }
      integrity.state = isSameFilesystem && !lost.isEmpty ? .damaged : .suspect
      integrity.reason = words
      integrity.isUndecided = nil
    }
    name(files, in: &integrity, isSure: integrity.state == .damaged)
  }

  /// Names the files that hold what is lost.
  private func name(_ files: [FileJudgement], in integrity: inout Integrity, isSure: Bool) {
    guard !lost.isEmpty else { return }
    integrity.lostBytes = max(integrity.lostBytes ?? .zero, ByteCount(clamping: Self.bytes(lost)))
    var entries = integrity.files ?? []
    for judged in files where judged.verdict != .lost && !judged.file.isSystem {
      let hit = judged.file.pieces.filter { piece in lost.contains { $0.intersection(piece.image) != nil } }
      guard !hit.isEmpty else { continue }
      var found = judged
      found.verdict = isSure ? .lost : .suspect
      found.ranges = judged.file.ranges(of: hit)
      let paths = Set(judged.file.paths)
      entries.removeAll { paths.contains($0.path) }
      entries += found.entries
    }
    integrity.files = entries.sorted { $0.path < $1.path }
  }

  private static func bytes(_ ranges: [ByteRange]) -> UInt64 { ranges.reduce(0) { $0.addingClamped($1.length) } }
}
