import Glibc
import SpaceModel

/// One line of /proc/self/mountinfo (proc(5)).
public struct Mount: Hashable, Sendable {
  public var device: DeviceNumber
  /// The part of the filesystem that is mounted: `/`, a subdirectory (bind mount) or a subvolume.
  public var root: FilePath
  /// Where, as the process the table belongs to sees it.
  public var mountpoint: FilePath
  public var options: [String]
  public var filesystemType: String
  /// What the mount was asked for with: `/dev/sda4`, `tmpfs`.
  public var source: FilePath

  public var isReadOnly: Bool { options.contains("ro") }

  public init(
    device: DeviceNumber, root: FilePath, mountpoint: FilePath, options: [String], filesystemType: String,
    source: FilePath
  ) {
    self.device = device
    self.root = root
    self.mountpoint = mountpoint
    self.options = options
    self.filesystemType = filesystemType
    self.source = source
  }
}

/// All mounts of a mount namespace, in the kernel's order.
public struct MountTable: Sendable {
  public var mounts: [Mount]

  public init(mounts: [Mount]) { self.mounts = mounts }

  /// Parses the text of a mountinfo file; lines that do not have its form are left out.
  public init(parsing bytes: [UInt8]) {
    mounts = bytes.split(separator: UInt8(ascii: "\n")).compactMap(Self.mount(fromLine:))
  }

  private static func mount(fromLine line: ArraySlice<UInt8>) -> Mount? {
    let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    // ID parent major:minor root mountpoint options [optional…] - type source superoptions
    guard fields.count >= 9,
      let dash = fields.indices.dropFirst(6).first(where: { Array(fields[$0]) == [UInt8(ascii: "-")] }),
      fields.count > dash + 2,
      let device = DeviceNumber(String(decoding: fields[2], as: UTF8.self))
    else { return nil }
    let superOptions = fields.count > dash + 3 ? String(decoding: fields[dash + 3], as: UTF8.self) : ""
    let options = String(decoding: fields[5], as: UTF8.self).split(separator: ",") + superOptions.split(separator: ",")
    return Mount(
      device: device,
      root: unescaped(fields[3]),
      mountpoint: unescaped(fields[4]),
      options: options.map(String.init),
      filesystemType: String(decoding: fields[dash + 1], as: UTF8.self),
      source: unescaped(fields[dash + 2]))
  }

  /// Space, tab, newline and backslash stand as `\040` and the like.
  private static func unescaped(_ field: ArraySlice<UInt8>) -> FilePath {
    var out: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        out.append(value)
        rest = rest.dropFirst(3)
      } else {
        out.append(byte)
      }
    }
    return FilePath(bytes: out)
  }

  /// The mount a path lies on: the one with the longest mountpoint above it, the last mounted where several are
  /// equal. By text alone, so that nothing is asked of a filesystem that might not answer.
  public func mount(holding path: FilePath) -> Mount? {
    var best: Mount?
    for mount in mounts where path.relative(to: mount.mountpoint) != nil {
      if best == nil || mount.mountpoint.bytes.count >= (best?.mountpoint.bytes.count ?? 0) { best = mount }
    }
    return best
  }
}
