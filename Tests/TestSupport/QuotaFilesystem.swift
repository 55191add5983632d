import Foundation

/// A filesystem on which an ordinary user's space is limited.
public enum QuotaFilesystem: String, Sendable, CaseIterable {
  /// Quotas inside the filesystem (`-O quota`); the kernel needs CONFIG_QFMT_V2.
  case ext4
  /// CONFIG_XFS_QUOTA.
  case xfs
  /// A group of a subvolume, which the kernel always has, and which holds for root as well.
  case btrfs

  /// Why it cannot be had, as it was found out by mounting one; `nil`: it can.
  public var missing: String? {
    for tool in ["mkfs.\(rawValue)"] + tools where !Command.exists(tool) {
      return "needs \(tool): run Fixtures/packages"
    }
    guard Machine.hasRootAndLoop else { return "needs root and loop devices" }
    guard Machine.mounts(rawValue) else { return "this kernel cannot mount \(rawValue)" }
    do {
      try with(limitMiB: 1) { _ in }
      return nil
    } catch {
      // `mount: /mnt: wrong fs type, bad option, bad superblock on …`
      let line = "\(error)".split(separator: "\n").first { $0.hasPrefix("mount: ") }
      let words = line?.split(separator: ":").last?.split(separator: ",").prefix(2).joined(separator: ",")
      return "this kernel has no quotas on \(rawValue) (\(option)); tried, with the answer:\(words ?? " failed")"
    }
  }

  private var tools: [String] {
    switch self {
    case .ext4: ["setquota"]
    case .xfs: ["xfs_quota"]
    case .btrfs: ["btrfs"]
    }
  }

  private var option: String {
    switch self {
    case .ext4: "CONFIG_QFMT_V2"
    case .xfs: "CONFIG_XFS_QUOTA"
    case .btrfs: "qgroups"
    }
  }

  /// - Parameter body: Is given a directory in which ``Machine/ordinaryUser`` may write, and has so much space.
  public func with<Value>(limitMiB: Int, inodes: Int = 0, _ body: (_ directory: String) throws -> Value) throws -> Value
  {
    let mkfs = self == .ext4 ? ["-O", "quota"] : []
    let options = self == .ext4 ? ["usrquota"] : self == .xfs ? ["uquota"] : []
    return try LoopMount.withFilesystem(rawValue, sizeMiB: 400, mkfsArguments: mkfs, options: options) {
      mountpoint, _ in
      let directory = "\(mountpoint)/theirs"
      let user = "\(Machine.ordinaryUser)"
      switch self {
      case .ext4:
        try Command.check("mkdir", directory)
        try Command.check("setquota", "-u", user, "0", "\(limitMiB << 10)", "0", "\(inodes)", mountpoint)
      case .xfs:
        try Command.check("mkdir", directory)
        try Command.check("xfs_quota", "-x", "-c", "limit bhard=\(limitMiB)m ihard=\(inodes) #\(user)", mountpoint)
      case .btrfs:
        try Command.check("btrfs", "subvolume", "create", directory)
        try Command.check("btrfs", "quota", "enable", mountpoint)
        try Command.check("btrfs", "qgroup", "limit", "\(limitMiB)M", directory)
      }
      try Command.check("chown", "\(user):\(user)", directory)
      return try body(directory)
    }
  }
}
