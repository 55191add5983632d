import FilesystemReader
import Glibc
import LinuxStorage
import SpaceModel
import SpaceReport

/// Which node and which product this is, by what its root directory says.
public enum HostDetection {
  /// The node under `sysroot`.
  public static func host(_ sysroot: Sysroot) -> Report.Host {
    var host = Report.Host()
    if let identity = try? SystemIdentity(reading: { path in SmallFile.bytes(sysroot.resolve(path)) }) {
      describe(&host, identity)
    }
    host.nodeName = SmallFile.text(sysroot.resolve("/etc/hostname"))
    var names = utsname()
    // A root that does not run is of another machine.
    if sysroot.isHost || SmallFile.exists(sysroot.resolve("/proc/1")), uname(&names) == 0 {
      host.architecture = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if sysroot.isHost {
        host.nodeName = withUnsafeBytes(of: names.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      }
    }
    if host.nodeName?.isEmpty == true { host.nodeName = nil }
    return host
  }

  /// What the OS inside an image says of a disk that no node runs from.
  ///
  /// - Parameter architecture: Of a program in it.
  static func host(ofImage osRelease: [String: String], architecture: String?) -> Report.Host {
    var host = Report.Host()
    host.architecture = architecture
    describe(&host, SystemIdentity(osRelease: osRelease))
    return host
  }

  private static func describe(_ host: inout Report.Host, _ identity: SystemIdentity) {
    host.osID = identity.osID
    host.osName = identity.osName
    host.product = identity.product
    host.productVersion = identity.productVersion
  }
}
