import SpaceModel

/// Which system a root directory is, by what its own files say: one set of rules for hosts, images and payloads.
public struct SystemIdentity: Sendable, Hashable {
  /// `ID` of os-release(5).
  public var osID: String?
  /// `PRETTY_NAME`.
  public var osName: String?
  /// `harvester`, `kairos`, `elemental`.
  public var product: String?
  public var productVersion: String?
  /// Harvester's oldest release that may be upgraded to it.
  public var minUpgradableVersion: String?

  /// - Parameter osRelease: The fields of os-release(5), Kairos' own among them.
  public init(osRelease: [String: String]) {
    func field(_ key: String) -> String? { osRelease[key].flatMap { $0.isEmpty ? nil : $0 } }
    osID = field("ID")
    osName = field("PRETTY_NAME")
    let words = (osName ?? "").split(separator: " ")
    if words.first == "Harvester" {
      product = "harvester"
      productVersion = words.dropFirst().first.map(String.init)
    } else if osRelease.keys.contains(where: { $0.hasPrefix("KAIROS_") }) || osID == "kairos" {
      product = "kairos"
      productVersion = field("KAIROS_VERSION") ?? field("KAIROS_RELEASE")
    } else if [osID, field("VARIANT_ID"), field("VARIANT")].contains(where: {
      $0?.lowercased().contains("elemental") ?? false
    }) {
      product = "elemental"
      productVersion = field("VERSION_ID") ?? field("VERSION")
    }
  }

  /// Reads os-release(5), Kairos' and Harvester's release files.
  ///
  /// - Parameter read: The start of a file of the root, by its absolute path; `nil` where there is none.
  public init(
    reading read: (FilePath) throws(StorageError) -> [UInt8]?
  ) throws(StorageError) {
    var bytes = try read("/etc/os-release")
    if bytes == nil { bytes = try read("/usr/lib/os-release") }
    var fields = bytes.map(OSRelease.fields) ?? [:]
    if let kairos = try read("/etc/kairos-release") {
      fields.merge(OSRelease.kairosFields(kairos)) { own, _ in own }
    }
    self.init(osRelease: fields)
    if let yaml = try read("/etc/harvester-release.yaml") { add(harvesterRelease: yaml) }
  }

  /// Takes over what a harvester-release.yaml says, of the root or of the top of an ISO.
  public mutating func add(harvesterRelease yaml: [UInt8]) {
    guard let version = Self.value(of: "harvester", in: yaml) else { return }
    product = "harvester"
    productVersion = version
    minUpgradableVersion = Self.value(of: "minUpgradableVersion", in: yaml)
  }

  /// The value of a key at the top of a YAML file, quotes removed.
  private static func value(of key: String, in yaml: [UInt8]) -> String? {
    for line in String(decoding: yaml, as: UTF8.self).split(whereSeparator: \.isNewline)
    where line.hasPrefix(key + ":") {
      let value = line.dropFirst(key.count + 1).filter { !" \t\"'".contains($0) }
      return value.isEmpty ? nil : String(value)
    }
    return nil
  }
}

extension Payload.System {
  /// What a tree's files say of it.
  ///
  /// - Parameter topOfISO: `harvester-release.yaml` at the top of the ISO that the tree lies in; it counts where the tree
  ///   says nothing of Harvester.
  public init(of tree: some RootTree, topOfISO: [UInt8]? = nil) throws(StorageError) {
    var identity = try SystemIdentity { path throws(StorageError) in try tree.smallFile(path, limit: 64 << 10) }
    if let topOfISO, identity.minUpgradableVersion == nil, identity.product ?? "harvester" == "harvester" {
      identity.add(harvesterRelease: topOfISO)
    }
    self.init(
      osName: identity.osName, product: identity.product, productVersion: identity.productVersion,
      architecture: try Self.architecture(of: tree), minUpgradableVersion: identity.minUpgradableVersion)
  }

  /// Programs that one or the other is in any system.
  private static let programs: [FilePath] = [
    "/usr/bin/bash", "/bin/sh", "/usr/lib/systemd/systemd", "/sbin/init", "/usr/bin/rpm", "/bin/busybox",
    "/usr/bin/env", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
  ]

  private static func architecture(of tree: some RootTree) throws(StorageError) -> String? {
    for program in programs {
      guard let head = try tree.smallFile(program, limit: ELFHeader.length) else { continue }
      if let architecture = ELFHeader.architecture(head) { return architecture }
    }
    return nil
  }
}
