import SpaceModel

/// Commands a person can paste, a line each.
enum Remedy {
  /// Digs holes into an image where it lies.
  ///
  /// There is no command where `headroom reclaim` would refuse: what is written into a run of zeros between reading and
  /// punching it would be lost, and digging destroys what tells lost blocks from zeros.
  ///
  /// - Parameter sysroot: The node's root as the audit was told to find it; `nil`: it is this machine's.
  static func digHoles(in image: ImageUsage, on partition: Partition, sysroot: FilePath? = nil) -> String {
    if let inUse = image.inUse, inUse.writable {
      return "Detach \(inUse.by) first: digging holes while something writes inside the image loses what it writes."
    }
    if image.role == .transition {
      return "Leave it while an upgrade may be running; one that has failed is removed by the next."
    }
    switch image.integrity?.state {
    case .damaged?: return "Not before it was written again: digging destroys what tells its lost blocks from zeros."
    case .suspect?:
      return "Not before it is known to be whole (headroom verify --against PAYLOAD): digging destroys what tells lost "
        + "blocks from zeros."
    case .clean?, .unknown?, nil: break
    }
    return RemedyPlace(partition: partition, sysroot: sysroot).commands(
      [.dig([image.path], remark: nil)],
      doing: "headroom reclaim --apply on \(image.path.display), or fallocate --dig-holes without it")
  }

  /// Removes what an upgrade that did not finish has left; only while none runs.
  ///
  /// A work tree may still have the node's /dev, /proc and /sys mounted in it, bound there for the hooks of the upgrade
  /// that was killed: rm stays on one filesystem.
  static func remove(_ leftovers: [Partition.Leftover], on partition: Partition) -> String {
    let names = leftovers.map { $0.path.display }.joined(separator: " ")
    return RemedyPlace(partition: partition, sysroot: nil).commands(
      [.change { root in removeCommands(leftovers.map(\.path), below: root) }],
      doing: "rm -r --one-file-system on \(names)")
  }

  /// What makes an upgrade fit, in one go; `nil` where the projection has no remedy.
  ///
  /// - Parameters:
  ///   - upgradeMayRun: Nothing showed whether an upgrade is running, and so whether leftovers are any.
  ///   - sysroot: As in ``digHoles(in:on:sysroot:)``.
  static func commands(
    for projection: Projection, on partition: Partition, upgradeMayRun: Bool, sysroot: FilePath? = nil
  ) -> String? {
    guard let ids = projection.remedy, !ids.isEmpty else { return nil }
    let images = partition.images ?? []
    let dug = images.filter { ids.contains(Projection.WhatIf.digHoles($0.path)) }
    var steps: [RemedyPlace.Step] = []
    if ids.contains(Projection.WhatIf.removeLeftovers) {
      let paths = Leftovers.removable(on: partition).map(\.path)
      steps.append(
        .change { root in
          (upgradeMayRun ? ["# only while no upgrade is running:"] : []) + removeCommands(paths, below: root)
        })
    }
    if !dug.isEmpty {
      let isEstimate = dug.contains { $0.reclaimableBasis == .estimate }
      steps.append(
        .dig(dug.map(\.path), remark: isEstimate ? "what it gives back is estimated: check again after it" : nil))
    }
    if ids.contains(Projection.WhatIf.removePassive) {
      let active = images.first { $0.role == .active }?.integrity
      let doubt = active?.state == .clean && active?.isVerified == true ? "" : "; active.img was not verified"
      let paths = images.filter { $0.role == .passive && $0.hardLinkOf == nil }.map(\.path)
      steps.append(
        .change { root in
          ["# leaves no fallback until the upgrade is done\(doubt):"] + removeCommands(paths, below: root)
        })
    }
    return RemedyPlace(partition: partition, sysroot: sysroot).commands(steps, doing: ids.joined(separator: ", "))
  }

  private static func removeCommands(_ paths: [FilePath], below root: FilePath) -> [String] {
    paths.map { "rm -r --one-file-system \(ShellQuote.quoted(root.appending($0)))" }
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
