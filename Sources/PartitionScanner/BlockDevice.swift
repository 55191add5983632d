import LinuxStorage
import SpaceModel

/// One block device as sysfs describes it (`/sys/class/block/NAME`); nothing here opens the device.
public struct BlockDevice: Sendable, Hashable {
  /// `sda4`, `dm-0`, `cciss!c0d0`.
  public var name: String
  public var number: DeviceNumber
  /// In bytes; 0 for a drive without a medium and a loop device without a file.
  public var sizeBytes: UInt64
  public var isReadOnly: Bool
  /// Its number as a partition; `nil` for a whole device.
  public var partitionNumber: Int?
  /// The whole device it is a partition of.
  public var parent: String?
  /// What stands on it: device-mapper, md and others.
  public var holders: [String]
  /// What it stands on.
  public var slaves: [String]
  /// The GPT name, where the kernel itself read the partition table (uevent `PARTNAME`).
  public var partitionLabel: String?
  /// Below /dev (uevent `DEVNAME`).
  public var nodeName: FilePath
  /// A device-mapper name, `/dev/mapper/NAME`.
  public var mapperName: String?
  /// A device-mapper UUID, `CRYPT-…`, `LVM-…`, `mpath-…`; says which kind it is.
  public var mapperUUID: String?
  /// Suspended device-mapper devices answer nobody.
  public var isSuspended: Bool
  /// The SCSI inquiry's vendor and model.
  public var vendor: String?
  public var model: String?
  /// NVMe: how its controllers are reached, each one's: `pcie`, `tcp`, …
  public var transports: [String]
  /// A loop device's file as sysfs writes it.
  public var backingFile: FilePath?
  /// The kernel shows it to nobody (the single paths of NVMe multipath).
  public var isHidden: Bool

  public init(name: String, number: DeviceNumber, sizeBytes: UInt64 = 0) {
    self.name = name
    self.number = number
    self.sizeBytes = sizeBytes
    isReadOnly = false
    holders = []
    slaves = []
    nodeName = FilePath(String(name.map { $0 == "!" ? "/" : $0 }))
    isSuspended = false
    transports = []
    isHidden = false
  }

  /// As the node calls it: `/dev/sda4`, `/dev/mapper/root` for a device-mapper device.
  public var path: FilePath {
    if let mapperName { return FilePath("/dev/mapper").appending(FilePath(mapperName)) }
    return FilePath("/dev").appending(nodeName)
  }
}

extension BlockDevice {
  /// All of a system's block devices, in the order people expect: `sda2` before `sda10`.
  static func all(sys: FilePath) -> [BlockDevice] {
    let directory = sys.appending("class/block")
    let names = (DirectoryListing.names(directory) ?? []).compactMap(\.utf8)
    return names.compactMap { read($0, in: directory.appending($0)) }.sorted { naturalOrder($0.name, $1.name) }
  }

  private static func read(_ name: String, in directory: FilePath) -> BlockDevice? {
    guard let number = SmallFile.text(directory.appending("dev")).flatMap({ DeviceNumber($0) }) else { return nil }
    var device = BlockDevice(name: name, number: number)
    // `size` counts units of 512 bytes, whatever the sector size.
    device.sizeBytes = SmallFile.text(directory.appending("size")).flatMap { UInt64($0) }.map { $0 &* 512 } ?? 0
    device.isReadOnly = SmallFile.text(directory.appending("ro")) == "1"
    device.isHidden = SmallFile.text(directory.appending("hidden")) == "1"
    device.holders = entries(of: directory.appending("holders"))
    device.slaves = entries(of: directory.appending("slaves"))
    let uevent = UeventText(parsing: SmallFile.bytes(directory.appending("uevent")) ?? [])
    if let node = uevent["DEVNAME"] { device.nodeName = FilePath(bytes: node) }
    device.partitionLabel = uevent["PARTNAME"].map { RawArgument.text(of: $0) }
    if let partition = SmallFile.text(directory.appending("partition")) {
      device.partitionNumber = Int(partition)
      device.parent = SmallFile.linkTarget(directory)?.components.dropLast().last?.utf8
    }
    device.mapperName = SmallFile.text(directory.appending("dm/name"))
    device.mapperUUID = SmallFile.text(directory.appending("dm/uuid"))
    device.isSuspended = SmallFile.text(directory.appending("dm/suspended")) == "1"
    device.vendor = SmallFile.text(directory.appending("device/vendor"))
    device.model = SmallFile.text(directory.appending("device/model"))
    if name.hasPrefix("nvme") { device.transports = transports(of: directory.appending("device")) }
    device.backingFile = backingFile(directory.appending("loop/backing_file"))
    return device
  }

  private static func entries(of directory: FilePath) -> [String] {
    (DirectoryListing.names(directory) ?? []).compactMap(\.utf8)
  }

  /// The controller's transport; below a multipath subsystem that of each of its controllers, `?` for one that does not
  /// say.
  private static func transports(of controller: FilePath) -> [String] {
    if let own = SmallFile.text(controller.appending("transport")) { return [own] }
    return entries(of: controller).filter { name in
      name.hasPrefix("nvme") && !name.dropFirst(4).isEmpty && name.dropFirst(4).allSatisfy(\.isNumber)
    }.map { SmallFile.text(controller.appending($0).appending("transport")) ?? "?" }
  }

  private static func backingFile(_ attribute: FilePath) -> FilePath? {
    guard var bytes = SmallFile.bytes(attribute), !bytes.isEmpty else { return nil }
    // Exactly one newline is sysfs's; others may be the file's.
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return bytes.isEmpty ? nil : FilePath(bytes: bytes)
  }

  /// Runs of digits compare as numbers.
  static func naturalOrder(_ left: String, _ right: String) -> Bool {
    let (one, other) = (pieces(of: left), pieces(of: right))
    for (a, b) in zip(one, other) where a != b {
      if let x = UInt64(a), let y = UInt64(b), x != y { return x < y }
      return a < b
    }
    return one.count < other.count
  }

  private static func pieces(of name: String) -> [String] {
    var pieces: [String] = []
    for character in name {
      if let last = pieces.last?.last, last.isNumber == character.isNumber {
        pieces[pieces.count - 1].append(character)
      } else {
        pieces.append(String(character))
      }
    }
    return pieces
  }
}
