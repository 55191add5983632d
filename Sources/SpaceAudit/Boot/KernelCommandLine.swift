import SpaceModel

/// What the kernel was started with (/proc/cmdline), as far as it says which system was booted.
struct KernelCommandLine {
  private let words: [Substring]

  init(_ text: String) { words = text.split { $0 == " " || $0 == "\n" || $0 == "\t" } }

  /// The boot loader took the fallback because the new system did not come up; GRUB's configuration adds the word.
  var saysUpgradeFailed: Bool { words.contains("upgrade_failure") }

  /// `nil` where no word of elemental's or Kairos' is there.
  var mode: BootState.Mode? {
    if words.contains(where: { $0.split(separator: "=").first == "rd.immucore.uki" }) { return .uki }
    // Kairos run from memory: an installed system's partitions around a root that came from elsewhere.
    if words.contains(where: { $0.hasPrefix("kairos.ram") }) { return nil }
    // elemental 2 says the mode and which snapshot; elemental 1 and Kairos name the image.
    for key in ["elemental.mode", "cos-img/filename", "elemental.image"] {
      if let mode = value(of: key).flatMap(Self.mode(named:)) { return mode }
    }
    if let root = value(of: "root") {
      // A recovery system that is a squashfs is started as a live one: `root=live:LABEL=COS_SYSTEM`.
      if let label = Self.label(in: root), let mode = Self.labels[label] { return mode }
      if root.hasPrefix("live:") { return .live }
    }
    return words.contains { $0 == "netboot" || $0.hasPrefix("rd.live.image") } ? .live : nil
  }

  /// dracut's modules of elemental look for these words anywhere in the value, in this order.
  private static func mode(named text: Substring) -> BootState.Mode? {
    if text.contains("recovery") { return .recovery }
    if text.contains("active") { return .active }
    return text.contains("passive") ? .passive : nil
  }

  /// Before elemental-cli 0.2 the images' own labels stood on the command line. COS_STATE, where later ones have it, is
  /// the partition, whichever image is taken from it.
  private static let labels: [String: BootState.Mode] = [
    "COS_ACTIVE": .active, "COS_PASSIVE": .passive, "COS_SYSTEM": .recovery, "COS_RECOVERY": .recovery,
    "COS_LIVE": .live,
  ]

  private static func label(in root: Substring) -> String? {
    guard let mark = root.firstRange(of: "LABEL=") else { return nil }
    return String(root[mark.upperBound...])
  }

  /// The last one counts, as for dracut's `getarg`.
  private func value(of key: String) -> Substring? {
    words.last { $0.hasPrefix(key + "=") }.map { $0.dropFirst(key.count + 1) }
  }
}
