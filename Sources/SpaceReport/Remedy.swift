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
    let commands = digCommands(image, partition)
    guard isElsewhere(partition), !commands.hasSuffix(".") else { return commands }
    // A disk image lies on somebody's desk; a comment can be pasted along.
    return "# on the node that \(partition.device.lastComponent.display) comes from:\n" + commands
  }

  /// A disk image, whose node is another machine.
  private static func isElsewhere(_ partition: Partition) -> Bool {
    partition.state == .offline && !partition.device.hasPrefix("/dev/")
  }

  private static func digCommands(_ image: ImageUsage, _ partition: Partition) -> String {
    guard let mountpoint = partition.wholeMountpoint ?? usualMountpoint(partition) else {
      return onATemporaryMount(image, partition)
    }
    let path = ShellQuote.quoted(mountpoint.appending(image.path))
    let place = ShellQuote.quoted(mountpoint)
    let dig = "fallocate --dig-holes \(path)"
    if partition.state == .mounted, partition.isMountedReadOnly == false { return dig }
    return ["mount -o remount,rw \(place)", dig, "mount -o remount,ro \(place)"].joined(separator: "\n")
  }

  /// COS_RECOVERY is not mounted on a running node.
  private static func onATemporaryMount(_ image: ImageUsage, _ partition: Partition) -> String {
    let device: String
    if partition.device.hasPrefix("/dev/") {
      device = ShellQuote.quoted(partition.device)
    } else if let label = partition.filesystemLabel {
      device = "-L " + ShellQuote.quoted(FilePath(label))
    } else {
      return "On the node, run fallocate --dig-holes on \(image.path.display)."
    }
    let dig = "fallocate --dig-holes \(ShellQuote.quoted(FilePath("/mnt").appending(image.path)))"
    // Where the mount fails, something else may lie at /mnt: that stays.
    return ["mount \(device) /mnt && {", "  \(dig)", "  umount /mnt", "}"].joined(separator: "\n")
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
