import SpaceModel

/// Commands a person can paste.
enum Remedy {
  /// Digs holes into an image where it lies. COS_STATE is mounted read-only while it is not being upgraded, so it is
  /// made writable for that and put back.
  static func digHoles(in image: ImageUsage, on partition: Partition) -> String {
    let mountpoint = partition.mountpoints.first ?? usualMountpoint(partition.filesystemLabel)
    guard let mountpoint else {
      // COS_RECOVERY is not mounted on a running node.
      let device =
        partition.filesystemLabel.map { "-L " + ShellQuote.quoted(FilePath($0)) }
        ?? ShellQuote.quoted(partition.device)
      let path = ShellQuote.quoted(FilePath("/mnt").appending(image.path))
      return "mount \(device) /mnt && fallocate --dig-holes \(path); umount /mnt"
    }
    let path = ShellQuote.quoted(mountpoint.appending(image.path))
    let place = ShellQuote.quoted(mountpoint)
    if partition.state == .mounted, partition.isMountedReadOnly == false { return "fallocate --dig-holes \(path)" }
    return "mount -o remount,rw \(place) && fallocate --dig-holes \(path); mount -o remount,ro \(place)"
  }

  /// Where a node has it while it runs; elemental-toolkit's immutable-rootfs module mounts it there.
  private static func usualMountpoint(_ label: String?) -> FilePath? {
    label == "COS_STATE" ? "/run/initramfs/cos-state" : nil
  }
}

/// Words for a POSIX shell.
public enum ShellQuote {
  /// The path as one word that any POSIX shell reads back byte for byte.
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
    // Control characters and bytes that are not UTF-8 stay visible: bash, ksh and zsh read $'…'.
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
