import SpaceModel

/// What an install or upgrade may rightly change in the new root after it was copied.
///
/// elemental and Kairos run the stages `after-install-chroot`, `after-upgrade-chroot` and `after-reset-chroot` inside the
/// new root, with commands of the node's owner: packages, users, drivers. Nobody can list all they may do; these are the
/// files that common ones touch. They are told apart and not passed over.
public enum TreeComparisonExceptions {
  /// Why a file may differ from the payload's or be absent; `nil`: there is no known reason.
  public static func purpose(of path: FilePath) -> String? {
    if let reason = files[path] { return reason }
    if let reason = below.first(where: { path.relative(to: $0.0) != nil })?.1 { return reason }
    let name = path.lastComponent
    if path.hasPrefix("/etc/ssh/ssh_host_") { return "host keys are the node's own" }
    if path.hasPrefix("/boot/"), name.hasPrefix("initrd") || name.hasPrefix("initramfs") || name.hasPrefix("init-") {
      return "a hook may build the initrd anew"
    }
    if path.hasPrefix("/lib/modules/") || path.hasPrefix("/usr/lib/modules/"), name.hasPrefix("modules.") {
      return "depmod writes it when a driver is added"
    }
    return nil
  }

  private static let files: [FilePath: String] = [
    // suc-upgrade copies the node's into the finished active.img; chroot hooks need one that works.
    "/etc/resolv.conf": "elemental's upgrade container copies the node's into the finished image",
    "/etc/machine-id": "it is the machine's own",
    "/var/lib/dbus/machine-id": "it is the machine's own",
    "/etc/hostname": "it is the node's own",
    "/etc/hosts": "it is the node's own",
    "/etc/passwd": "a hook may add users", "/etc/passwd-": "a hook may add users",
    "/etc/shadow": "a hook may add users", "/etc/shadow-": "a hook may add users",
    "/etc/group": "a hook may add users", "/etc/group-": "a hook may add users",
    "/etc/gshadow": "a hook may add users", "/etc/gshadow-": "a hook may add users",
    "/etc/subuid": "a hook may add users", "/etc/subgid": "a hook may add users",
    "/etc/ld.so.cache": "ldconfig writes it when a package is added",
    "/etc/fstab": "a hook may add mounts",
  ]

  private static let below: [(FilePath, String)] = [
    ("/var/lib/rpm", "rpm writes it when a package is added"),
    ("/usr/lib/sysimage/rpm", "rpm writes it when a package is added"),
    ("/var/lib/dpkg", "dpkg writes it when a package is added"),
    ("/var/cache", "a cache"), ("/var/log", "a log"),
  ]

  /// elemental relabels the new root for SELinux after it was copied, and newer ones copy no labels at all.
  public static let relabelled = "security.selinux"
}
