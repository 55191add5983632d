import FilesystemReader
import Glibc
import LinuxStorage
import SpaceModel
import SpaceReport

/// Which node and which product this is, by what its root directory says.
enum HostDetection {
  /// The node under `sysroot`.
  static func host(_ sysroot: Sysroot) -> Report.Host {
    var host = Report.Host()
    var osRelease =
      (SmallFile.bytes(sysroot.resolve("/etc/os-release")) ?? SmallFile.bytes(sysroot.resolve("/usr/lib/os-release")))
      .map(OSRelease.fields) ?? [:]
    if let kairos = SmallFile.bytes(sysroot.resolve("/etc/kairos-release")) {
      osRelease.merge(OSRelease.kairosFields(kairos)) { own, _ in own }
    }
    describe(&host, osRelease)
    if let version = harvesterVersion(SmallFile.text(sysroot.resolve("/etc/harvester-release.yaml")) ?? "") {
      host.product = "harvester"
      host.productVersion = version
    }
    host.nodeName = SmallFile.text(sysroot.resolve("/etc/hostname"))
    var names = utsname()
    if uname(&names) == 0 {
      host.architecture = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if sysroot.isHost {
        host.nodeName = withUnsafeBytes(of: names.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      }
    }
    if host.nodeName?.isEmpty == true { host.nodeName = nil }
    return host
  }

  /// What the OS inside an image says of a disk that no node runs from.
  static func host(ofImage osRelease: [String: String]) -> Report.Host {
    var host = Report.Host()
    describe(&host, osRelease)
    return host
  }

  private static func describe(_ host: inout Report.Host, _ osRelease: [String: String]) {
    func field(_ key: String) -> String? { osRelease[key].flatMap { $0.isEmpty ? nil : $0 } }
    host.osID = field("ID")
    host.osName = field("PRETTY_NAME")
    let words = (host.osName ?? "").split(separator: " ")
    if words.first == "Harvester" {
      host.product = "harvester"
      host.productVersion = words.dropFirst().first.map(String.init)
    } else if osRelease.keys.contains(where: { $0.hasPrefix("KAIROS_") }) || host.osID == "kairos" {
      host.product = "kairos"
      host.productVersion = field("KAIROS_VERSION") ?? field("KAIROS_RELEASE")
    } else if [host.osID, field("VARIANT_ID"), field("VARIANT")].contains(where: {
      $0?.lowercased().contains("elemental") ?? false
    }) {
      host.product = "elemental"
      host.productVersion = field("VERSION_ID") ?? field("VERSION")
    }
  }

  /// The `harvester:` line of /etc/harvester-release.yaml.
  private static func harvesterVersion(_ yaml: String) -> String? {
    for line in yaml.split(separator: "\n") where line.hasPrefix("harvester:") {
      let value = line.dropFirst("harvester:".count).filter { $0 != " " && $0 != "\"" && $0 != "'" }
      return value.isEmpty ? nil : value
    }
    return nil
  }
}
