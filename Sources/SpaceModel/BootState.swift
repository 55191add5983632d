/// How a node was booted, and what an upgrade has done to it since.
public struct BootState: Sendable, Hashable, Codable {
  public enum Mode: String, Sendable, Hashable, Codable { case active, passive, recovery, live, uki }

  /// `nil` where nothing tells.
  public var mode: Mode?
  /// The file the running root is a loop device on, as the kernel names it; `nil` where the root is no image.
  public var rootImage: FilePath?
  /// The boot loader fell back because the new system did not come up (`upgrade_failure` on the kernel command line).
  public var upgradeFailure: Bool?
  /// What shows that an upgrade is running now, a clause each; `nil` where nothing does.
  public var upgradeRunning: [String]?
  /// The running root's image is no longer the one that the next boot takes.
  public var rebootPending: Bool?

  public init(mode: Mode? = nil) { self.mode = mode }

  enum CodingKeys: String, CodingKey {
    case mode
    case rootImage = "root_image"
    case upgradeFailure = "upgrade_failure"
    case upgradeRunning = "upgrade_running"
    case rebootPending = "reboot_pending"
  }
}
