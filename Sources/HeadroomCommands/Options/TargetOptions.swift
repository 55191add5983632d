import ArgumentParser
import Glibc
import LinuxStorage
import SpaceAudit
import SpaceModel

/// What to look at; common to all commands that measure.
struct TargetOptions: ParsableArguments {
  @Option(
    name: [.long, .customLong("root")],
    help: ArgumentHelp(
      "The node's root directory, where it is mounted elsewhere (or $HEADROOM_SYSROOT).", valueName: "directory"),
    completion: .directory)
  var sysroot: String?

  @Option(
    name: .long, help: "Only filesystems with this label. Repeatable.",
    completion: .list(["COS_STATE", "COS_RECOVERY", "COS_PERSISTENT", "COS_OEM", "COS_GRUB"]))
  var label: [String] = []

  @Option(
    name: .long, help: "A block device, whatever kind it is. Repeatable.", completion: .file())
  var device: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("A raw disk or filesystem image, read offline. Repeatable.", valueName: "file"),
    completion: .file())
  var disk: [String] = []

  @Option(
    name: .long, help: ArgumentHelp("One image file, wherever it lies. Repeatable.", valueName: "file"),
    completion: .file())
  var image: [String] = []

  @Flag(name: .long, help: "Every filesystem, and all of them searched for images.")
  var all = false

  @Flag(name: .long, help: "Open also devices that can hang (nbd, rbd, cdrom, LUNs the node serves itself).")
  var allDevices = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What to call the node, where its root does not say it (or $HEADROOM_NODE_NAME).", valueName: "name"))
  var nodeName: String?

  func validate() throws {
    if nodeName == "" { throw ValidationError("--node-name needs a name.") }
    if sysroot == "" { throw ValidationError("--sysroot needs a name.") }
    for (option, values) in [("label", label), ("device", device), ("disk", disk), ("image", image)]
    where values.contains("") {
      throw ValidationError("--\(option) needs a name.")
    }
  }

  /// Whether anything but this machine as a whole was asked for.
  var namesAnything: Bool {
    sysroot != nil || all || allDevices || !(label + device + disk + image).isEmpty
  }

  /// Whether a node or a disk as a whole is looked at, not parts of one.
  var isWhole: Bool { (label + device + image).isEmpty }

  /// What was named first, for a report that has nothing else to go by.
  var first: String? { (disk + device + image).first.map { DisplayText.escaped(FilePath($0).display) } }

  /// The files and devices that were named.
  var inputs: [FilePath] { (device + disk + image).map { FilePath($0) } }

  /// - Throws: ``StorageError`` where the sysroot is no directory.
  func request() throws -> AuditRequest {
    var request = AuditRequest()
    if let sysroot = sysroot ?? getenv("HEADROOM_SYSROOT").map({ String(cString: $0) }), !sysroot.isEmpty {
      let path = FilePath(sysroot)
      let root = try ReadOnlyFile.open(path, expecting: .directory, operation: "use as the node's root")
      // mountinfo has absolute paths without symbolic links.
      request.sysroot = Sysroot(root.resolvedPath ?? path)
    }
    request.nodeName = nodeName ?? Terminal.environment("HEADROOM_NODE_NAME")
    request.labels = label
    request.devices = device.map { FilePath($0) }
    request.disks = disk.map { FilePath($0) }
    request.images = image.map { FilePath($0) }
    request.all = all
    request.allDevices = allDevices
    return request
  }
}
