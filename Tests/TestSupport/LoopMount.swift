import Foundation

/// A file attached to a loop device. Detached by ``detach()``, or when it goes away.
public final class LoopDevice {
  public let path: String
  /// `loop0` for `/dev/loop0`.
  public var name: String { String(path.split(separator: "/").last ?? "") }
  private var attached = true

  public init(
    image: String, readOnly: Bool = false, offset: Int? = nil, size: Int? = nil, sectorSize: Int? = nil,
    directIO: Bool = false
  ) throws {
    var arguments = ["-f", "--show"]
    if directIO { arguments.append("--direct-io=on") }
    if readOnly { arguments.append("-r") }
    if let offset { arguments += ["-o", "\(offset)"] }
    if let size { arguments += ["--sizelimit", "\(size)"] }
    if let sectorSize { arguments += ["--sector-size", "\(sectorSize)"] }
    let result = try Command.check("losetup", arguments: arguments + [image])
    path = result.text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  deinit { try? detach() }

  public func detach() throws {
    guard attached else { return }
    attached = false
    try Command.check("losetup", "-d", path)
  }
}

/// A mounted filesystem in a directory of its own. Unmounted by ``unmount()``, or when it goes away.
public final class Mount {
  public let mountpoint: String
  private let scratch: ScratchDirectory
  private var mounted = true

  /// - Parameter device: A device, a file, or whatever the filesystem takes for one (`tmpfs`).
  public init(device: String, type: String? = nil, options: [String] = []) throws {
    scratch = try ScratchDirectory()
    mountpoint = try scratch.directory("mount")
    var arguments = [device, mountpoint]
    if let type { arguments = ["-t", type] + arguments }
    if !options.isEmpty { arguments = ["-o", options.joined(separator: ",")] + arguments }
    do {
      try Command.check("mount", arguments: arguments)
    } catch {
      mounted = false
      throw error
    }
  }

  deinit { try? unmount() }

  public func unmount() throws {
    guard mounted else { return }
    mounted = false
    // Somebody may still look at it for a moment: a process that is ending, another test that walks all mounts.
    for _ in 0..<500 {
      if try Command.run("umount", mountpoint).status == 0 { return }
      usleep(40_000)
    }
    // Out of the tree at least, so that the directory can be removed and nothing is left behind.
    try Command.check("umount", "-l", mountpoint)
    throw Command.Failure(
      description: "\(mountpoint) stayed busy and was unmounted lazily: who holds a file open there?")
  }
}

/// Files mounted through loop devices for the length of a closure, taken apart in reverse order whatever happens in it.
///
/// Where a closure does not fit (async tests), use ``LoopDevice`` and ``Mount`` with `defer`.
public enum LoopMount {
  /// Attaches and mounts a file.
  public static func with<Value>(
    image: String, type: String? = nil, options: [String] = [], readOnly: Bool = false, offset: Int? = nil,
    size: Int? = nil, sectorSize: Int? = nil, _ body: (_ mountpoint: String, _ device: String) throws -> Value
  ) throws -> Value {
    try withDevice(image: image, readOnly: readOnly, offset: offset, size: size, sectorSize: sectorSize) { device in
      try withMount(device: device, type: type, options: options + (readOnly ? ["ro"] : [])) { mountpoint in
        try body(mountpoint, device)
      }
    }
  }

  /// Attaches a file to a loop device without mounting it.
  public static func withDevice<Value>(
    image: String, readOnly: Bool = false, offset: Int? = nil, size: Int? = nil, sectorSize: Int? = nil,
    _ body: (_ device: String) throws -> Value
  ) throws -> Value {
    let device = try LoopDevice(image: image, readOnly: readOnly, offset: offset, size: size, sectorSize: sectorSize)
    let value = try body(device.path)
    try device.detach()
    return value
  }

  /// Mounts a device.
  public static func withMount<Value>(
    device: String, type: String? = nil, options: [String] = [], _ body: (_ mountpoint: String) throws -> Value
  ) throws -> Value {
    let mount = try Mount(device: device, type: type, options: options)
    let value = try body(mount.mountpoint)
    try mount.unmount()
    return value
  }

  /// Makes a new filesystem and mounts it. For `tmpfs` there is no device: `device` is `"tmpfs"`.
  ///
  /// On ext4 the kernel is told not to zero out the small rest of an unwritten extent that is written into (by default
  /// it does so up to 32 KiB, and what was preallocated becomes data).
  public static func withFilesystem<Value>(
    _ type: String, sizeMiB: Int, mkfsArguments: [String] = [], options: [String] = [],
    _ body: (_ mountpoint: String, _ device: String) throws -> Value
  ) throws -> Value {
    if type == "tmpfs" {
      return try withMount(device: "tmpfs", type: "tmpfs", options: options + ["size=\(sizeMiB)m"]) { mountpoint in
        try body(mountpoint, "tmpfs")
      }
    }
    let scratch = try ScratchDirectory()
    let image = try makeFilesystem(type, in: scratch, sizeMiB: sizeMiB, mkfsArguments: mkfsArguments)
    return try with(image: image, type: type, options: options) { mountpoint, device in
      let name = device.split(separator: "/").last ?? ""
      let setting = "/sys/fs/ext4/\(name)/extent_max_zeroout_kb"
      if type == "ext4" && access(setting, W_OK) == 0 {
        try "0".write(toFile: setting, atomically: false, encoding: .utf8)
      }
      return try body(mountpoint, device)
    }
  }

  /// Makes a filesystem in a new sparse file and gives the file's path; needs no root.
  public static func makeFilesystem(
    _ type: String, in scratch: ScratchDirectory, name: String = "filesystem.img", sizeMiB: Int,
    mkfsArguments: [String] = []
  ) throws -> String {
    let image = try scratch.sparseFile(name, bytes: sizeMiB << 20)
    let force =
      switch type {
      case "ext2", "ext3", "ext4": ["-q", "-F"]
      case "xfs", "btrfs": ["-q", "-f"]
      default: [String]()
      }
    try Command.check("mkfs.\(type)", arguments: force + mkfsArguments + [image])
    return image
  }
}
