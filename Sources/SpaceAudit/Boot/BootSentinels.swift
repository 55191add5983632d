import SpaceModel

/// The files below /run by which the initramfs tells the system how it was booted: dracut's modules of elemental 1
/// (/run/cos) and 2 (/run/elemental, and /run/cos for old scripts), and Kairos' immucore (/run/cos).
enum BootSentinels {
  static let directories: [FilePath] = ["/run/cos", "/run/elemental"]

  private static let modes: [String: BootState.Mode] = [
    "active_mode": .active, "passive_mode": .passive, "recovery_mode": .recovery, "live_mode": .live,
    // Kairos' recovery that resets the node on its own.
    "autoreset_mode": .recovery,
    // Immucore writes these beside active_mode and the others.
    "uki_mode": .uki, "uki_boot_mode": .uki,
    // A unified kernel image on an installation medium.
    "uki_install_mode": .live,
  ]

  static var names: [String] { modes.keys.sorted() }

  /// The modes the files say, without those that only accompany a unified kernel image's own.
  static func modes(of names: Set<String>) -> Set<BootState.Mode> {
    if names.contains("uki_install_mode") { return [.live] }
    let found = Set(names.compactMap { modes[$0] })
    return found.contains(.uki) ? [.uki] : found
  }
}
