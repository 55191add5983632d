import Foundation
import TestSupport
import Testing

/// What `strace -f` saw of a run of Headroom and its workers.
struct SystemCallTrace {
  struct Call: CustomStringConvertible {
    var name: String
    /// Everything behind the bracket, the result included.
    var rest: Substring
    var description: String { "\(name)(\(rest)" }

    /// The argument at `index`, of those that hold no comma themselves.
    func argument(_ index: Int) -> Substring {
      let parts = rest.split(separator: ",", omittingEmptySubsequences: false)
      return index < parts.count ? parts[index].drop { $0 == " " } : ""
    }
  }

  let calls: [Call]
  let result: Command.Result

  /// Runs `headroom` with these words under strace.
  static func of(_ arguments: [String]) throws -> SystemCallTrace {
    let scratch = try ScratchDirectory()
    let log = scratch.file("trace")
    let result = try Command.run(
      "strace", arguments: ["-f", "-y", "-qq", "-s", "256", "-o", log, try Products.headroom()] + arguments,
      environment: Headroom.environment)
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: log)), as: UTF8.self)
    return SystemCallTrace(calls: text.split(separator: "\n").compactMap(call(of:)), result: result)
  }

  /// `1234  openat(AT_FDCWD, "/etc", O_RDONLY) = 3`; a call that was interrupted has its arguments in its first half.
  private static func call(of line: Substring) -> Call? {
    let text = line.drop { $0.isNumber }.drop { $0 == " " }
    guard let bracket = text.firstIndex(of: "("), !text.hasPrefix("<"), !text.hasPrefix("-"), !text.hasPrefix("+")
    else {
      return nil
    }
    return Call(name: String(text[..<bracket]), rest: text[text.index(after: bracket)...])
  }

  /// The files that were opened, as they were named.
  var opened: [String] {
    calls.filter { ["open", "openat", "openat2"].contains($0.name) }.compactMap { call in
      call.rest.split(separator: "\"", omittingEmptySubsequences: false).dropFirst().first.map(String.init)
    }
  }

  // MARK: What a command that only reads may do

  /// Calls that change a file, a filesystem or the system, whatever they are given.
  private static let changing: Set<String> = [
    "creat", "truncate", "ftruncate", "fallocate", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir",
    "mkdirat", "rmdir", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "chmod", "fchmod", "fchmodat",
    "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "utimensat", "futimesat", "setxattr", "lsetxattr",
    "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "sync", "syncfs", "fsync", "fdatasync",
    "sync_file_range", "mount", "umount2", "fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr",
    "pivot_root", "chroot", "swapon", "swapoff", "copy_file_range", "sendfile", "splice", "vmsplice", "tee",
    "process_vm_writev", "io_uring_setup", "io_setup", "open_by_handle_at", "bpf", "reboot", "init_module",
    "finit_module", "quotactl", "sethostname", "settimeofday", "clock_settime",
  ]
  private static let writing: Set<String> = ["write", "writev", "pwrite64", "pwritev", "pwritev2"]
  /// ioctls that only ask.
  private static let asking: Set<String> = [
    "BLKGETSIZE64", "BLKGETSIZE", "BLKSSZGET", "BLKPBSZGET", "BLKIOMIN", "BLKIOOPT", "BLKALIGNOFF", "BLKROGET",
    "BLKGETZONESZ", "BLKGETDISKSEQ", "BLKDISCARDZEROES", "CDROM_GET_CAPABILITY", "CDROM_LAST_WRITTEN", "FDGETFDCSTAT",
    "FS_IOC_FIEMAP", "FS_IOC_GETFLAGS", "FS_IOC_FSGETXATTR", "FS_IOC_GETFSLABEL", "FIGETBSZ", "FS_IOC_GETVERSION",
    "LOOP_GET_STATUS64", "BTRFS_IOC_TREE_SEARCH_V2", "BTRFS_IOC_FS_INFO", "TCGETS", "TIOCGWINSZ",
  ]

  /// Every call that a command that only reads has no business making.
  var offences: [String] { calls.filter(Self.isOffence).map(\.description) }

  private static func isOffence(_ call: Call) -> Bool {
    if changing.contains(call.name) { return true }
    switch call.name {
    case "open", "openat", "openat2":
      return ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"].contains { call.rest.contains($0) }
    case _ where writing.contains(call.name):
      // A worker's answers go to its own standard output. An eventfd wakes a thread of ours.
      let file = call.argument(0)
      return !file.hasPrefix("1<") && !file.hasPrefix("2<") && !file.hasSuffix("<anon_inode:[eventfd]>")
    case "ioctl":
      let request = call.argument(1).prefix { $0 != ")" }
      return !request.split(separator: " ").contains { asking.contains(String($0)) }
        || call.rest.contains("FIEMAP_FLAG_SYNC")
    case "mmap":
      return call.rest.contains("MAP_SHARED") && call.rest.contains("PROT_WRITE")
        && !call.rest.contains("MAP_ANONYMOUS")
    default:
      return false
    }
  }
}
