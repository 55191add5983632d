import ExtentAnalyzer
import FilesystemReader
import ImageIntegrity
import LinuxStorage
import SpaceModel

/// Whether an image that holds an ext2, ext3 or ext4 filesystem was written whole.
///
/// What the filesystem inside uses is laid over what the host has allocated. Nothing is written; without `readsData` no
/// file data is read.
public enum IntegrityCheck {
  /// - Parameters:
  ///   - map: The image's own map, settled (``ImageMeasurement/map``).
  ///   - readsData: Read all data for zeros, which tells dug holes from lost writes.
  /// - Throws: ``StorageError`` `.cancelled` only; what cannot be read is an answer.
  public static func verify(
    _ image: any ImageSource, map: ExtentMap, readsData: Bool, monitor: AuditMonitor = AuditMonitor()
  ) throws(StorageError) -> IntegritySurvey {
    guard readsData, map.source != .blocks else { return try verify(image, map: map, zeros: nil, monitor: monitor) }
    do throws(StorageError) {
      let zeros = try ZeroRanges.read(of: image, monitor: monitor)
      return try verify(image, map: map, zeros: zeros, monitor: monitor)
    } catch {
      return try unreadable(error, checked: ["holes"])
    }
  }

  /// The same with zeros that were found already.
  ///
  /// - Parameter zeros: `nil`: no data was read.
  public static func verify(
    _ image: any ImageSource, map: ExtentMap, zeros: ZeroRanges?, monitor: AuditMonitor = AuditMonitor()
  ) throws(StorageError) -> IntegritySurvey {
    let checked = zeros == nil ? ["holes"] : ["holes", "zeros"]
    guard map.source != .blocks else {
      var integrity = Integrity(state: .unknown, reason: "The filesystem it lies on does not tell where its holes are.")
      integrity.checked = []
      return IntegritySurvey(integrity: integrity)
    }
    var holes = map.holes
    let zeroRanges = zeros?.ranges ?? []
    let ext: ExtFilesystem
    do throws(StorageError) {
      ext = try ExtFilesystem(image)
    } catch {
      guard let lost = LostSuperblock(image, DoubtfulRanges(holes: holes, zeros: zeroRanges)) else {
        return try unreadable(error, checked: checked)
      }
      var survey = IntegritySurvey(integrity: lost.integrity(checked: checked))
      survey.failure = error
      return survey
    }
    if ext.isTruncated { holes.append(ByteRange(start: map.apparentSize, end: ext.superblock.size)) }
    let doubtful = DoubtfulRanges(holes: holes, zeros: zeroRanges)
    let ownership: BlockOwnership
    do throws(StorageError) {
      ownership = try ext.blockOwners(
        of: doubtful, isThorough: zeros != nil, isCancelled: monitor.isCancelled)
    } catch {
      // What cannot be read then lies behind the end of the image.
      return try unreadable(error, checked: checked, state: ext.isTruncated ? .damaged : .unknown)
    }
    var evidence = ImageEvidence(
      ownership: ownership, doubtful: doubtful, size: map.apparentSize,
      unit: image.host.allocationUnit ?? image.host.blockSize, readsData: zeros != nil)
    evidence.unreadableBytes = zeros?.unreadableBytes ?? 0
    evidence.isTruncated = ext.isTruncated
    let judgement = ImageJudgement(evidence)
    var survey = IntegritySurvey(integrity: judgement.integrity)
    survey.files = judgement.files
    survey.isAsWritten = judgement.isAsWritten
    survey.isInconsistent =
      ownership.needsRecovery || ownership.isStale || ownership.unownedBytes > 0 || ownership.unreachableInodes > 0
      || ownership.contradictions > 0 || ownership.hasErrors || ext.isTruncated || (zeros?.unreadableBytes ?? 0) > 0
      || zeros?.changedWhileReading == true
    survey.lostDirectories = ownership.lostDirectories
    if zeros?.changedWhileReading == true {
      survey.integrity.state = .unknown
      survey.integrity.reason = "It changed while it was read."
    }
    return survey
  }

  private static func unreadable(
    _ error: StorageError, checked: [String], state: Integrity.State = .unknown
  ) throws(StorageError) -> IntegritySurvey {
    if error.code == .cancelled { throw error }
    let summary = error.summary
    var survey = IntegritySurvey(
      integrity: Integrity(
        state: state, reason: summary.prefix(1).uppercased() + summary.dropFirst() + ".", checked: checked))
    survey.failure = error
    return survey
  }
}

extension ExtentMap {
  /// What reads as zeros because nothing was ever written there: holes and unwritten extents, up to the apparent size.
  var holes: [ByteRange] {
    var holes: [ByteRange] = []
    var position: UInt64 = 0
    for extent in self where !extent.isUnwritten && extent.start < apparentSize {
      if extent.start > position { holes.append(ByteRange(start: position, end: extent.start)) }
      position = extent.range.end
    }
    if position < apparentSize { holes.append(ByteRange(start: position, end: apparentSize)) }
    return holes
  }
}
