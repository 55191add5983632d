import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// A partition that is not mounted: inside a disk image, or an unmounted device.
struct UnmountedPartition {
  let scanned: ScannedPartition
  let source: any ByteSource

  /// Never throws but for a cancelled audit: what cannot be read becomes a limit, and a finding where images were to be
  /// looked for.
  func survey(searched: Bool, depth: SurveyDepth, monitor: AuditMonitor) throws(StorageError) -> PartitionSurvey {
    var partition = Partition(device: scanned.device, state: .offline)
    partition.describe(scanned)
    var survey = PartitionSurvey(partition)
    if scanned.isTruncated {
      survey.findings.append(
        Finding(
          .partitionUnreadable, .warning, target: partition.name,
          message: "The disk image ends \(missing) before this partition does.",
          remedy: "Copy the disk again, all of it."))
    }
    switch scanned.filesystemType {
    case "ext2", "ext3", "ext4":
      do throws(StorageError) {
        try surveyExt(&survey, searched: searched, depth: depth, monitor: monitor)
      } catch {
        if error.code == .cancelled { throw error }
        survey.limits.append(Limit("partition-not-read", error.summary))
        if searched { survey.findings.append(.unreadable(survey.partition, error)) }
      }
    case let type?:
      summarise(type, &survey, searched: searched)
    case nil:
      if scanned.isAmbivalent {
        survey.limits.append(
          Limit(
            "content-ambiguous",
            "\(partition.name): signatures of several filesystems were found; wipefs -n shows them."))
      }
    }
    return survey
  }

  /// How much of a truncated partition is not there.
  private var missing: ByteCount {
    ByteCount(clamping: scanned.sizeBytes ?? 0) - ByteCount(clamping: scanned.lengthBytes ?? 0)
  }

  private func surveyExt(
    _ survey: inout PartitionSurvey, searched: Bool, depth: SurveyDepth, monitor: AuditMonitor
  ) throws(StorageError) {
    let ext = try ExtFilesystem(source)
    let superblock = ext.superblock
    survey.partition.blockBytes = ByteCount(clamping: superblock.blockSize)
    survey.partition.clusterBytes = ByteCount(clamping: superblock.clusterSize)
    survey.partition.inodeBytes = ByteCount(clamping: superblock.inodeSize)
    survey.partition.inodesFree = Int64(clamping: superblock.inodesFree)
    survey.partition.features = superblock.features
    survey.partition.capacityBytes = ByteCount(clamping: superblock.capacity)
    if superblock.needsRecovery || superblock.isInUseWithoutJournal {
      survey.partition.needsRecovery = true
      survey.limits.append(
        Limit(
          "journal-not-replayed",
          "\(survey.partition.name): \(superblock.needsRecovery ? "its journal was not replayed" : "it has no mark of a clean unmount"), so it was mounted or not cleanly unmounted when it "
            + "was copied; free space is counted from the bitmaps and may differ from what a mount would find."))
    }
    if ext.isTruncated {
      survey.limits.append(
        Limit(
          "filesystem-truncated",
          "\(survey.partition.name): the filesystem is \(ByteCount(clamping: superblock.size)), what holds it only "
            + "\(ByteCount(clamping: source.size))."))
    }
    let free = try free(on: ext, &survey, searched: searched)
    survey.partition.freeBytes = ByteCount(clamping: free)
    survey.partition.availableBytes = ByteCount(clamping: superblock.available(ofFree: free))
    survey.partition.usableBytes = ByteCount(clamping: superblock.usable(ofFree: free))
    if searched {
      try survey.searchImages(of: ExtTree(filesystem: ext), inUse: InUseIndex(), depth: depth, monitor: monitor)
    }
  }

  /// The group descriptors' counts; where images are looked for, and so an upgrade is projected, the bitmaps have to
  /// agree, or the lesser counts.
  private func free(
    on ext: ExtFilesystem, _ survey: inout PartitionSurvey, searched: Bool
  ) throws(StorageError) -> UInt64 {
    let free = try ext.freeBytes()
    guard searched, !ext.superblock.needsRecovery else { return free }
    let counted = try ext.freeRuns().reduce(UInt64(0)) { $0.addingClamped($1.length) }
    guard counted != free else { return free }
    survey.limits.append(
      Limit(
        "free-space-contradicts",
        "\(survey.partition.name): its group descriptors call \(ByteCount(clamping: free)) free, its bitmaps "
          + "\(ByteCount(clamping: counted)); the lesser is shown. Check it with e2fsck -fn."))
    return min(free, counted)
  }

  /// Filesystems that are not read while they are not mounted: what their superblock says.
  private func summarise(_ type: String, _ survey: inout PartitionSurvey, searched: Bool) {
    if let summary = try? SuperblockSummary.read(source, type: type) {
      survey.limits.append(
        Limit(
          "superblock-figures",
          "\(survey.partition.name): it is not mounted, so its figures are those that its \(type) superblock had last.")
      )
      survey.partition.capacityBytes = summary.capacity.map(ByteCount.init(clamping:))
      survey.partition.freeBytes = summary.free.map(ByteCount.init(clamping:))
      survey.partition.blockBytes = summary.blockSize.map(ByteCount.init(clamping:))
    }
    guard searched else { return }
    if scanned.isNotFilesystem {
      survey.limits.append(
        Limit("partition-not-filesystem", "\(survey.partition.name): it is \(type), not a filesystem; open it first."))
    } else {
      survey.limits.append(
        Limit(
          "filesystem-not-searched",
          "\(survey.partition.name): images on an unmounted \(type) are not looked for; mount it and audit it there."))
      survey.findings.append(
        Finding(
          .partitionNotSearched, .warning, target: survey.partition.name,
          message: "Images on it were not looked for, because it is an unmounted \(type).",
          remedy: "Mount it and audit it there."))
    }
  }
}
