import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// What to say where several filesystems carry one label.
enum AmbiguousLabel {
  /// The GPT names elemental looks for before the labels.
  private static let partitionNames = [
    "COS_STATE": "state", "COS_RECOVERY": "recovery", "COS_OEM": "oem", "COS_PERSISTENT": "persistent",
    "COS_GRUB": "efi",
  ]

  static func choice(_ label: String, scan: LiveScan, sysroot: Sysroot) -> LabelChoice {
    LabelChoice(
      label: label, partitionName: partitionNames[label], partitions: scan.partitions,
      runningRoot: scan.runningRoot?.partition, byLabelLink: ByLabelLink.kernelName(for: label, sysroot: sysroot))
  }

  /// Labels that several filesystems of one disk image carry.
  static func findings(in partitions: [ScannedPartition]) -> [Finding] {
    let filesystems = partitions.filter { !$0.isNotFilesystem }
    var findings: [Finding] = []
    for label in Set(filesystems.compactMap(\.filesystemLabel)).sorted() {
      let devices = filesystems.filter { $0.filesystemLabel == label }.map(\.device.display)
      guard devices.count > 1 else { continue }
      let list = devices.joined(separator: ", ")
      findings.append(
        Finding(
          .labelAmbiguous, .warning, target: DisplayText.escaped(label),
          message: "\(devices.count) filesystems of this disk carry this label: \(list).",
          remedy: "Relabel the one that is not meant with e2label, on the node."))
    }
    return findings
  }

  /// `nil` where the label leads to one filesystem.
  ///
  /// Critical where elemental, or `blkid -L` for it, would take another partition than the one that counts.
  static func finding(_ choice: LabelChoice) -> Finding? {
    guard choice.resolution.isAmbiguous, let chosen = choice.resolution.chosen else { return nil }
    let devices = choice.candidates.map { $0.device.display }.joined(separator: ", ")
    var message = "\(choice.candidates.count) filesystems carry this label: \(devices). This report is about "
    message += "\(chosen.device.display)\(chosen.isMounted ? ", which is mounted" : "")."
    var isCritical = false
    let takers = [
      ("elemental before 1.1.7", choice.elementalBefore117), ("elemental from 1.1.7 on", choice.elementalSince117),
    ]
    for (who, taken) in takers {
      guard let taken else { continue }
      message += " \(who) would take \(taken.device.display)."
      if taken.device != chosen.device { isCritical = true }
    }
    if choice.elementalSince117 == nil {
      message += " Which one elemental from 1.1.7 on (blkid -L) would take cannot be told."
    }
    return Finding(
      .labelAmbiguous, isCritical ? .critical : .warning, target: DisplayText.escaped(choice.label), message: message,
      remedy: "Detach the disk that does not belong to this node, or relabel it with e2label.")
  }
}
