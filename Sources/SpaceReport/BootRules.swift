import SpaceModel

/// What the way a node was booted means for an upgrade. Pure.
public struct BootRules: Sendable {
  public var boot: BootState
  /// `harvester`, `kairos`, `elemental`; `nil` where it is not known.
  public var product: String?

  public init(boot: BootState, product: String? = nil) {
    self.boot = boot
    self.product = product
  }

  public func findings(for partitions: [Partition]) -> [Finding] {
    let state = partitions.first { $0.filesystemLabel == "COS_STATE" && $0.images != nil }
    var findings: [Finding] = []
    if let clauses = boot.upgradeRunning { findings.append(upgradeRunning(clauses)) }
    if boot.rebootPending == true { findings.append(rebootPending(state?.layout)) }
    switch boot.mode {
    case .passive: findings.append(bootedFromPassive(state?.layout))
    case .recovery, .live: findings.append(bootedFromRecovery)
    case .active, .uki, nil: break
    }
    return findings
  }

  /// What cannot be said of a node that was booted this way.
  public func limits(for partitions: [Partition]) -> [Limit] {
    guard boot.mode == .uki else { return [] }
    let esp = partitions.first { $0.filesystemType == "vfat" }
    let figures = esp.map { ": \($0.name) (\($0.device.display))" } ?? ", which was not found"
    return [
      Limit(
        "uki-boot",
        "The node was started from a unified kernel image: there is no COS_STATE, and an upgrade writes to the EFI "
          + "partition\(figures). Whether one fits there is not judged.")
    ]
  }

  /// The finding as it may be shown while an upgrade runs: nothing is to be detached, removed or dug meanwhile.
  public static func withoutRemedy(_ finding: Finding) -> Finding {
    guard !finding.meansUnknown else { return finding }
    var plain = finding
    plain.remedy = nil
    return plain
  }

  private func upgradeRunning(_ clauses: [String]) -> Finding {
    Finding(
      .upgradeRunning, .warning, target: "COS_STATE",
      message: "An upgrade is running: \(clauses.joined(separator: "; ")). The figures are of a moment, and nothing is "
        + "said of what could be removed.",
      remedy: "Audit again when it has ended. What one that was killed left behind goes with umount and losetup "
        + "--detach, or with a reboot.")
  }

  /// An upgrade renames the image that runs to passive.img. Booted from passive, or after a second upgrade, that has been
  /// deleted instead; then rebooting is what loses the last system that is known to work.
  private func rebootPending(_ layout: UpgradeLayout?) -> Finding {
    let image = boot.rootImage.map { " (\($0.lastComponent.display))" } ?? ""
    let pending = "The image that runs\(image) is no longer the one the next boot takes: an upgrade has replaced it. "
    guard boot.rootImageDeleted != true else {
      return Finding(
        .rebootPending, .warning, target: "COS_STATE",
        message: pending + "It has been deleted, so the reboot loses it, and it may be the only system that is known "
          + "to work.",
        remedy: "Have what the next boot takes checked before you reboot, or keep what runs: "
          + "cp --sparse=always \"$(findmnt -no SOURCE /)\" FILE, on another partition.")
    }
    return Finding(
      .rebootPending, .warning, target: "COS_STATE",
      message: pending
        + (product == "kairos" || layout?.hasSnapshots == true
          ? "Another upgrade now would start from a system that has not run yet."
          : "Another upgrade now would make the new system, which has not run yet, the fallback, and lose the one that "
            + "runs."),
      remedy: "Reboot before you upgrade again.")
  }

  /// elemental 1 has no special case: it makes the active image passive, whatever was booted. Kairos replaces active
  /// alone, and elemental 2 never deletes the snapshot that runs.
  private func bootedFromPassive(_ layout: UpgradeLayout?) -> Finding {
    let why =
      boot.upgradeFailure == true
      ? "The boot loader fell back because the new system did not come up (upgrade_failure). "
      : "The node runs its fallback. "
    if boot.rootImageDeleted == true {
      return Finding(
        .bootedFromPassive, .warning, target: "COS_STATE",
        message: why + "An upgrade has replaced passive.img since; see reboot-pending.",
        remedy: "Find out why active was not booted before you reboot.")
    }
    if product == "kairos" || layout?.hasSnapshots == true {
      return Finding(
        .bootedFromPassive, .info, target: "COS_STATE", message: why + "An upgrade leaves the image that runs alone.",
        remedy: "Find out why active was not booted.")
    }
    return Finding(
      .bootedFromPassive, .warning, target: "COS_STATE",
      message: why + "An upgrade would move active.img, which may be broken, over passive.img, the only image that is "
        + "known to boot.",
      remedy: "Do not upgrade. Find out why active was not booted, and boot it or replace it with a copy of passive "
        + "first.")
  }

  private var bootedFromRecovery: Finding {
    let isLive = boot.mode == .live
    return Finding(
      .bootedFromRecovery, .info, target: isLive ? "COS_LIVE" : "COS_RECOVERY",
      message:
        "The node runs \(isLive ? "an installation medium" : "its recovery system"), where COS_PERSISTENT is not "
        + "mounted. The figures of COS_STATE hold.")
  }
}
