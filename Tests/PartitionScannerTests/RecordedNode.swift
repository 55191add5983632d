import Foundation
import LinuxStorage
import SpaceModel

@testable import PartitionScanner

/// A node's sysfs, udev records and mounts as files in a scratch directory, and a prober that answers from a table.
struct RecordedNode {
  let scratch: Scratch
  private var minor: UInt32 = 0
  private var numbers: [String: DeviceNumber] = [:]
  private var mountLines: [String] = []
  var outcomes: [FilePath: ProbeOutcome] = [:]

  init() throws { scratch = try Scratch() }

  /// Adds a device; attributes are files below its directory, `device/vendor` and the like.
  mutating func add(
    _ name: String, of parent: String? = nil, major: UInt32 = 8, mebibytes: Int = 100, holders: [String] = [],
    slaves: [String] = [], attributes: [String: String] = [:]
  ) throws {
    minor += 1
    let number = DeviceNumber(major: major, minor: minor)
    numbers[name] = number
    let directory = "sys/devices/block/" + (parent.map { "\($0)/" } ?? "") + name
    var files = attributes
    files["dev"] = "\(number)"
    files["size"] = "\(mebibytes * 2048)"
    files["ro"] = files["ro"] ?? "0"
    if parent != nil { files["partition"] = String(name.reversed().prefix { $0.isNumber }.reversed()) }
    for holder in holders { files["holders/\(holder)"] = "" }
    for slave in slaves { files["slaves/\(slave)"] = "" }
    for (file, text) in files { try scratch.write("\(directory)/\(file)", text + "\n") }
    let links = scratch.file("sys/class/block")
    try FileManager.default.createDirectory(atPath: links, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: "\(links)/\(name)", withDestinationPath: "../../../" + directory)
  }

  func udev(_ name: String, _ properties: String...) throws {
    guard let number = numbers[name] else { return }
    try scratch.write("run/udev/data/b\(number)", "I:1\n" + properties.map { "E:\($0)\n" }.joined() + "G:systemd\n")
  }

  mutating func mount(
    _ device: String, at mountpoint: String, type: String, root: String = "/", source: String? = nil
  ) {
    let number = numbers[device].map(\.description) ?? device
    mountLines.append("30 1 \(number) \(root) \(mountpoint) rw,relatime - \(type) \(source ?? "/dev/" + device) rw")
  }

  mutating func answers(_ device: String, type: String?, label: String? = nil, usage: ContentUsage = .filesystem) {
    var content = ContentFacts()
    content.type = type
    content.label = label
    content.usage = type == nil ? nil : usage
    outcomes[FilePath("/dev/\(device)")] = .facts(
      DeviceFacts(
        sizeBytes: 100 << 20, sectorSize: 512, tableType: nil, entries: [], tooManyEntries: false, content: content))
  }

  var mountTable: MountTable { MountTable(parsing: Array(mountLines.joined(separator: "\n").utf8)) }
  var sysroot: Sysroot { Sysroot(FilePath(scratch.path)) }
  var tree: DeviceTree { DeviceTree(sysroot: sysroot, mountTable: mountTable) }

  func scan(allDevices: Bool = false) -> (scan: LiveScan, opened: [String]) {
    let prober = RecordedProber(outcomes: outcomes)
    var scanner = LiveScanner(sysroot: sysroot, prober: prober, allDevices: allDevices)
    scanner.mountTable = mountTable
    scanner.nodes = { FilePath("/dev").appending($0.nodeName) }
    return (scanner.scan(), prober.opened.map(\.lastComponent.display))
  }
}

final class RecordedProber: DeviceProber, @unchecked Sendable {
  private let outcomes: [FilePath: ProbeOutcome]
  private(set) var opened: [FilePath] = []

  init(outcomes: [FilePath: ProbeOutcome]) { self.outcomes = outcomes }

  func probe(_ devices: [FilePath]) -> [ProbeOutcome] {
    opened += devices
    return devices.map { device in
      outcomes[device]
        ?? .facts(
          DeviceFacts(
            sizeBytes: 1, sectorSize: 512, tableType: nil, entries: [], tooManyEntries: false,
            content: ContentFacts()))
    }
  }
}
