import SpaceModel

/// Which built-in profile describes a node's upgrades.
public struct ProfileDetection: Sendable, Hashable {
  /// The profile's name.
  public var name: String
  /// What showed it, for `profile_source`.
  public var source: String
  /// Nothing showed it: the profile that needs the most room is taken.
  public var isAssumed = false

  /// - Parameters:
  ///   - product: `harvester`, `kairos`, `elemental`, or another, or `nil` where nothing says so.
  ///   - osName: os-release's pretty name.
  public static func of(product: String?, osName: String?, layout: UpgradeLayout?) -> ProfileDetection {
    var name = osName ?? product ?? ""
    // Kairos is a layer on any distribution, whose name its release keeps.
    if let product, !name.lowercased().contains(product) { name = "\(product) on \(name)" }
    switch product {
    case "harvester": return ProfileDetection(name: "harvester", source: "detected by its release, \(name)")
    case "kairos": return ProfileDetection(name: "kairos", source: "detected by its release, \(name)")
    default: break
    }
    switch layout?.kind {
    case .loopdevice?, .legacy?:
      return ProfileDetection(name: "elemental-v2", source: "detected by .snapshots/N/snapshot.img")
    case .btrfs?: return ProfileDetection(name: "elemental-btrfs", source: "detected by its btrfs snapshots")
    case .images? where product == "elemental":
      return ProfileDetection(name: "elemental", source: "detected by its release, \(name)")
    default: break
    }
    if product == "elemental" {
      return ProfileDetection(name: "elemental", source: "detected by its release, \(name), of an unknown layout")
    }
    return ProfileDetection(
      name: "elemental", source: "assumed: nothing says which product this is", isAssumed: true)
  }
}
