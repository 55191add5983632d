import LinuxStorage
import SpaceModel

/// Processes that have a file open, as far as /proc shows them to us.
struct FileOpeners {
  struct Opener: Hashable {
    let process: FilePath
    let command: String
    let writes: Bool

    /// `process 4711 (qemu-system-x86)`
    var words: String { "process \(process.display) (\(DisplayText.escaped(command)))" }
  }

  private(set) var openers: [Opener] = []

  /// - Parameters:
  ///   - file: What to look for.
  ///   - place: Its path, and `mounts`: where text alone decides which descriptors are asked for their file, because
  ///     asking one on a filesystem that does not answer would never return.
  init(of file: FileStatus, at place: FilePath, mounts: MountTable, proc: FilePath) {
    let own = SmallFile.linkTarget("/proc/self")
    let device = mounts.mount(holding: place)?.device
    for process in DirectoryListing.names(proc) ?? [] where process != own {
      guard let first = process.bytes.first, (0x30...0x39).contains(first) else { continue }
      let directory = proc.appending(process)
      var found: Opener?
      for descriptor in DirectoryListing.names(directory.appending("fd")) ?? [] {
        let link = directory.appending("fd").appending(descriptor)
        guard let target = SmallFile.linkTarget(link), target.hasPrefix("/"),
          target.lastComponent == place.lastComponent || mounts.mount(holding: target)?.device == device,
          let status = FileStatus.of(link), status.device == file.device, status.inode == file.inode
        else { continue }
        let writes = Self.writes(directory.appending("fdinfo").appending(descriptor))
        if found == nil || writes {
          let command = SmallFile.text(directory.appending("comm")) ?? "?"
          found = Opener(process: process, command: command, writes: writes || found?.writes == true)
        }
      }
      if let found { openers.append(found) }
    }
  }

  /// `flags:	0100002`, in octal: the lowest two bits are O_ACCMODE.
  private static func writes(_ information: FilePath) -> Bool {
    let line = (SmallFile.text(information) ?? "").split(separator: "\n").first { $0.hasPrefix("flags:") }
    let flags = line.flatMap { UInt32($0.dropFirst(6).filter(\.isNumber), radix: 8) }
    return (flags ?? 0) & 3 != 0
  }
}
