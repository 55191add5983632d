import LinuxStorage
import PartitionScanner
import SpaceModel

/// Finds how the node was booted, and whether an upgrade is running or done.
///
/// Reads /run, /proc, sysfs and mountinfo. Below a sysroot these are the node's own where it is a bind mount of a
/// running root (`/host`); the kernel is ours then. A root that does not run has an empty /run and /proc: nothing is
/// known of it.
struct BootStateDetection {
  /// `nil` where nothing tells: not a node of elemental's or Kairos', or not a running one.
  private(set) var state: BootState?
  /// `nil` where it cannot be known, because not all of the node can be seen.
  private(set) var isUpgradeRunning: Bool?
  private(set) var limits: [Limit] = []

  /// - Parameters:
  ///   - scan: The node's devices.
  ///   - devices: Those of the mounts of the partitions an upgrade would write to.
  init(scan: LiveScan, mounts: MountTable, devices: Set<DeviceNumber>, sysroot: Sysroot) {
    guard Self.isRunning(sysroot) else {
      if !SmallFile.exists(sysroot.resolve("/etc/os-release")) { limits.append(Self.notSeen) }
      return
    }
    let text = SmallFile.text(sysroot.resolve("/proc/cmdline")) ?? SmallFile.text("/proc/cmdline")
    let commandLine = text.map(KernelCommandLine.init)
    let root = RunningImageProbe(scan.runningRoot, mounts: mounts, sysroot: sysroot)
    let decision = BootDecision(
      sentinels: Self.sentinels(sysroot), commandLine: commandLine?.mode, image: root.image)
    let evidence = UpgradeEvidence(scan: scan, mounts: mounts, devices: devices, sysroot: sysroot)
    isUpgradeRunning = !evidence.clauses.isEmpty ? true : evidence.isCertain ? false : nil

    var found = BootState(mode: decision.mode)
    found.rootImage = root.path
    found.rootImageDeleted = root.path == nil ? nil : root.image?.isDeleted
    found.upgradeFailure = decision.mode == nil ? nil : commandLine?.saysUpgradeFailed
    found.upgradeRunning = evidence.clauses.isEmpty ? nil : evidence.clauses
    found.upgradeMayRun = isUpgradeRunning == nil ? true : nil
    found.rebootPending = decision.rebootPending
    // Only a part of a node's root was handed to us, as to a container that mounts /run/initramfs.
    if !sysroot.isHost, decision.mode == nil, SmallFile.exists(sysroot.resolve("/run/initramfs")),
      !SmallFile.exists(sysroot.resolve("/proc/1"))
        || BootSentinels.directories.allSatisfy({ !SmallFile.exists(sysroot.resolve($0)) })
    {
      limits.append(Self.notSeen)
    }
    // A machine that nothing of this is about is not told of it.
    guard decision.mode != nil || found.upgradeRunning != nil else { return }
    state = found
    if let contradiction = decision.contradiction {
      let outcome = decision.mode.map { "taken as \($0.rawValue)" } ?? "not known"
      limits.append(Limit("boot-mode-ambiguous", "How the node was booted is \(outcome): \(contradiction)."))
    }
    if isUpgradeRunning == nil {
      limits.append(
        Limit(
          "upgrade-not-seen",
          "Not all processes of the node can be seen, so an upgrade that is running may not have been noticed; run as "
            + "root, in a container with the node's process namespace or its /proc below the sysroot."))
    }
  }

  private static let notSeen = Limit(
    "boot-not-seen",
    "How the node was booted, whether it waits for a reboot and whether an upgrade is running was not seen: below the "
      + "sysroot there is not all of /proc, /run/cos and /run/elemental. Mount the node's whole root for that.")

  /// Whether the root directory is one that runs now.
  private static func isRunning(_ sysroot: Sysroot) -> Bool {
    if sysroot.isHost { return true }
    let signs: [FilePath] = ["/proc/1", "/proc/cmdline", "/run/cos", "/run/elemental", "/run/initramfs"]
    return signs.contains { SmallFile.exists(sysroot.resolve($0)) }
  }

  private static func sentinels(_ sysroot: Sysroot) -> Set<BootState.Mode> {
    var names: Set<String> = []
    for directory in BootSentinels.directories {
      for name in BootSentinels.names where SmallFile.exists(sysroot.resolve(directory.appending(name))) {
        names.insert(name)
      }
    }
    return BootSentinels.modes(of: names)
  }
}
