/// How a node was booted, and what an upgrade has done to it since.
public struct BootState: Sendable, Hashable, Codable {
  public enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
    case active, passive, recovery
    /// From an installation medium or the network.
    case live
    /// A unified kernel image from the EFI partition (trusted boot): there is no COS_STATE.
    case uki
  }

  /// What was booted, also where an upgrade has renamed the image since; `nil` where nothing tells.
  public var mode: Mode?
  /// The file the running root is a loop device on, as the kernel names it now: it follows renames. `nil` where the
  /// root is no image.
  public var rootImage: FilePath?
  /// No path leads to that file any more: the next reboot loses it. `nil` where the root is no image.
  public var rootImageDeleted: Bool?
  /// The boot loader fell back because the new system did not come up (`upgrade_failure` on the kernel command line);
  /// `nil` where the command line could not be read.
  public var upgradeFailure: Bool?
  /// What shows that an upgrade is running now, a clause each, never empty; `nil` where nothing does.
  public var upgradeRunning: [String]?
  /// Not all of the node could be seen, so one may be running that was not noticed; `nil` where that is not so.
  public var upgradeMayRun: Bool?
  /// The running root's image is no longer the one that the next boot takes. `nil` where it cannot be known, or was not
  /// booted from an installed system.
  public var rebootPending: Bool?

  public init(mode: Mode? = nil) { self.mode = mode }

  enum CodingKeys: String, CodingKey {
    case mode
    case rootImage = "root_image"
    case rootImageDeleted = "root_image_deleted"
    case upgradeFailure = "upgrade_failure"
    case upgradeRunning = "upgrade_running"
    case upgradeMayRun = "upgrade_may_run"
    case rebootPending = "reboot_pending"
  }
}
