import SpaceModel

/// Commands a person can paste, a line each.
enum Remedy {
  /// Digs holes into an image where it lies. COS_STATE is mounted read-only while it is not being upgraded, so it is
  /// made writable for that and put back.
  ///
  /// Digging reads a run of zeros and punches it a moment later: what is written into it meanwhile would be lost. So
  /// there is no command while something can write to the image.
  static func digHoles(in image: ImageUsage, on partition: Partition) -> String {
    if let inUse = image.inUse, inUse.writable {
      return "Detach \(inUse.by) first: digging holes while something writes inside the image loses what it writes."
    }
    if image.role == .transition {
      return "Leave it while an upgrade may be running; one that has failed is removed by the next."
    }
    return commands(on: partition, doing: "fallocate --dig-holes on \(image.path.display)") { root in
      [digCommand(image.path, below: root)]
    }
  }

  /// Removes what an upgrade that did not finish has left; only while none runs.
  ///
  /// A work tree may still have the node's /dev, /proc and /sys mounted in it, bound there for the hooks of the upgrade
  /// that was killed: rm stays on one filesystem.
  static func remove(_ leftovers: [Partition.Leftover], on partition: Partition) -> String {
    let names = leftovers.map { $0.path.display }.joined(separator: " ")
    return commands(on: partition, doing: "rm -r --one-file-system on \(names)") { root in
      removeCommands(leftovers.map(\.path), below: root)
    }
  }

  /// What makes an upgrade fit, in one go; `nil` where the projection has no remedy.
  ///
  /// - Parameter upgradeMayRun: Nothing showed whether an upgrade is running, and so whether leftovers are any.
  static func commands(for projection: Projection, on partition: Partition, upgradeMayRun: Bool) -> String? {
    guard let ids = projection.remedy, !ids.isEmpty else { return nil }
    let images = partition.images ?? []
    return commands(on: partition, doing: ids.joined(separator: ", ")) { root in
      ids.flatMap { id -> [String] in
        switch id {
        case Projection.WhatIf.removeLeftovers:
          let commands = removeCommands(Leftovers.removable(on: partition).map(\.path), below: root)
          return upgradeMayRun ? ["# only while no upgrade is running:"] + commands : commands
        case Projection.WhatIf.removePassive:
          let active = images.first { $0.role == .active }?.integrity
          let doubt = active?.state == .clean && active?.isVerified == true ? "" : "; active.img was not verified"
          return ["# leaves no fallback until the upgrade is done\(doubt):"]
            + removeCommands(images.filter { $0.role == .passive && $0.hardLinkOf == nil }.map(\.path), below: root)
        default:
          return images.filter { Projection.WhatIf.digHoles($0.path) == id }.flatMap { image in
            (image.reclaimableBasis == .estimate ? ["# what it gives back is estimated: check again after it"] : [])
              + [digCommand(image.path, below: root)]
          }
        }
      }
    }
  }

  private static func digCommand(_ path: FilePath, below root: FilePath) -> String {
    "fallocate --dig-holes \(ShellQuote.quoted(root.appending(path)))"
  }

  private static func removeCommands(_ paths: [FilePath], below root: FilePath) -> [String] {
    paths.map { "rm -r --one-file-system \(ShellQuote.quoted(root.appending($0)))" }
  }

  /// A disk image, whose node is another machine.
  static func isElsewhere(_ partition: Partition) -> Bool {
    partition.state == .offline && !partition.device.hasPrefix("/dev/")
  }

  /// Commands with what makes the partition's files writable around them.
  ///
  /// - Parameters:
  ///   - plain: The commands in words, where nothing says how to reach the partition.
  ///   - inner: They, a line each, given where the filesystem's root is.
  private static func commands(
    on partition: Partition, doing plain: String, _ inner: (FilePath) -> [String]
  ) -> String {
    let lines: [String]
    if let mountpoint = partition.wholeMountpoint ?? usualMountpoint(partition) {
      let place = ShellQuote.quoted(mountpoint)
      let commands = inner(mountpoint)
      if partition.state == .mounted, partition.isMountedReadOnly == false { return commands.joined(separator: "\n") }
      lines = ["mount -o remount,rw \(place)"] + commands + ["mount -o remount,ro \(place)"]
    } else {
      let device: String
      if partition.device.hasPrefix("/dev/") {
        device = ShellQuote.quoted(partition.device)
      } else if let label = partition.filesystemLabel {
        device = "-L " + ShellQuote.quoted(FilePath(label))
      } else {
        return "On the node, run \(plain)."
      }
      // COS_RECOVERY is not mounted on a running node. Where the mount fails, something else may lie at /mnt: that stays.
      lines = ["mount \(device) /mnt && {"] + inner("/mnt").map { "  \($0)" } + ["  umount /mnt", "}"]
    }
    let commands = lines.joined(separator: "\n")
    // A disk image lies on somebody's desk; a comment can be pasted along.
    return isElsewhere(partition)
      ? "# on the node that \(partition.device.lastComponent.display) comes from:\n" + commands : commands
  }

  /// Where a node has it while it runs; elemental-toolkit's immutable-rootfs module mounts it there.
  private static func usualMountpoint(_ partition: Partition) -> FilePath? {
    // An unmounted device of this machine is just that.
    partition.filesystemLabel == "COS_STATE" && isElsewhere(partition) ? "/run/initramfs/cos-state" : nil
  }
}

/// Words for a POSIX shell.
public enum ShellQuote {
  /// The path as one word that a POSIX shell reads back byte for byte; where it has control characters or bytes that are
  /// not UTF-8, one that bash, ksh and zsh do.
  public static func quoted(_ path: FilePath) -> String {
    let plain = path.bytes.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "/._-+:,=@%".utf8.contains(byte)
    }
    if plain, !path.bytes.isEmpty { return String(decoding: path.bytes, as: UTF8.self) }
    if path.display == path.utf8 {
      return "'" + (path.utf8 ?? "").split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        + "'"
    }
    // What cannot be shown stays visible so.
    var out = "$'"
    for byte in path.bytes {
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\\"): out += "\\" + String(UnicodeScalar(byte))
      case 0x20..<0x7F: out += String(UnicodeScalar(byte))
      default: out += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return out + "'"
  }
}
