import LinuxStorage
import SpaceModel

/// The node's processes, from the proc filesystem of the node.
struct NodeProcesses {
  /// Where /proc of the node's own, outermost process namespace is; ours where a sysroot has none.
  let proc: FilePath

  init(_ sysroot: Sysroot) {
    let own = sysroot.resolve("/proc")
    // Not a process's directory: hidepid hides even that of process 1.
    proc = SmallFile.exists(own.appending("cmdline")) ? own : "/proc"
  }

  /// Whether all processes of the node are there: not in a container with processes of its own, and not where the
  /// mount option hidepid hides those of others. The kernel's own process 2 is seen by nobody else.
  var areAllVisible: Bool { SmallFile.text(proc.appending("2/comm")) == "kthreadd" }

  /// The processes that upgrade, install or reset the node, as `elemental upgrade (process 1234)`.
  func upgrades() -> [String] {
    var found: [(number: Int, text: String)] = []
    for name in DirectoryListing.names(proc) ?? [] {
      // The command line lies in the process's memory, and reading it waits for a process that is stuck while it changes
      // its mappings; its name does not.
      guard let number = name.utf8.flatMap(SnapshotPlace.number),
        SmallFile.text(proc.appending(name).appending("comm")).map(UpgradeCommand.programs.contains) ?? false
      else { continue }
      let words = (SmallFile.bytes(proc.appending(name).appending("cmdline")) ?? [])
        .split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      if let text = UpgradeCommand.text(of: words) { found.append((number, "\(text) (process \(number))")) }
    }
    return found.sorted { $0.number < $1.number }.map(\.text)
  }

  /// Whether somebody holds a lock of flock(2) on a file; `nil` where that cannot be told.
  ///
  /// /proc/locks leaves out locks whose process another process namespace hides, and those of a process that has ended,
  /// as `flock 200` in a shell script has, except for a reader in the outermost one.
  func isLocked(_ file: FileStatus) -> Bool? {
    guard areAllVisible, let bytes = SmallFile.bytes(proc.appending("locks"), limit: 4 << 20) else { return nil }
    // 1: FLOCK  ADVISORY  WRITE 708 00:19:1234 0 EOF; the device in hexadecimal.
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard let place = fields.first(where: { $0.filter { $0 == ":" }.count == 2 }) else { continue }
      let parts = place.split(separator: ":")
      guard parts.count == 3, let major = UInt32(parts[0], radix: 16), let minor = UInt32(parts[1], radix: 16) else {
        continue
      }
      if UInt64(parts[2]) == file.inode, DeviceNumber(file.device) == DeviceNumber(major: major, minor: minor) {
        return true
      }
    }
    return false
  }
}

/// Which command lines write to a node's system partitions.
enum UpgradeCommand {
  static let programs: Set<String> = ["elemental", "kairos-agent"]
  /// `manual-install` is Kairos'. Its `interactive-install` waits for a person and starts that.
  private static let subcommands: Set<String> = ["upgrade", "upgrade-recovery", "install", "manual-install", "reset"]
  /// Below `kairos-agent upgrade`: only lists what there is.
  private static let harmless: Set<String> = ["list-releases", "help"]

  /// `elemental upgrade`; `nil` for another command.
  ///
  /// Both programs also run for other ends: `kairos-agent start` is a service of every node, `elemental run-stage` runs
  /// at each boot. elemental-register and elemental-system-agent are other programs, and start `elemental` when they
  /// mean it.
  static func text(of words: [String]) -> String? {
    guard let path = words.first, let program = path.split(separator: "/").last.map(String.init),
      programs.contains(program), !words.contains("--help"), !words.contains("-h")
    else { return nil }
    let arguments = words.dropFirst()
    // A word behind a flag may be that flag's value, so the next one is looked at too.
    for index in arguments.indices where !arguments[index].hasPrefix("-") {
      if subcommands.contains(arguments[index]) {
        let next = arguments[arguments.index(after: index)...].first { !$0.hasPrefix("-") }
        if let next, harmless.contains(next) { return nil }
        return "\(program) \(arguments[index])"
      }
      let isPerhapsValue = index > arguments.startIndex && arguments[index - 1].hasPrefix("-")
      if !isPerhapsValue { return nil }
    }
    return nil
  }
}
