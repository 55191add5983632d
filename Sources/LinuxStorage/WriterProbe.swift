import CLinuxStorage
import Glibc
import SpaceModel

/// Whether anybody has a file open for writing: a process, a loop device, a mapping.
public enum WriterProbe {
  public enum Answer: Sendable, Hashable {
    case written, notWritten
    /// The filesystem grants no leases, or the file is somebody else's.
    case unknown
  }

  /// The kernel grants a lease for reading only while nobody has the file open for writing, so it is asked for one and
  /// given it back (F_SETLEASE in fcntl(2)).
  public static func ask(_ file: ReadOnlyFile) -> Answer {
    switch cls_probe_read_lease(file.descriptor) {
    case 0: .notWritten
    case -EAGAIN: .written
    default: .unknown
    }
  }

  /// The processes that hold it open for writing, as `qemu-system-x86 (process 1234)`; those of other users only root
  /// sees.
  public static func processes(writing status: FileStatus) -> [String] {
    var found: [String] = []
    for process in DirectoryListing.names("/proc") ?? [] where (process.utf8.flatMap { Int32($0) } ?? 0) > 0 {
      let directory = FilePath("/proc").appending(process)
      for descriptor in DirectoryListing.names(directory.appending("fd")) ?? [] {
        // Flags first: asking a file of a filesystem that does not answer would never return.
        guard isWriting(directory.appending("fdinfo").appending(descriptor)),
          let target = FileStatus.of(directory.appending("fd").appending(descriptor)),
          target.device == status.device, target.inode == status.inode
        else { continue }
        let command = SmallFile.text(directory.appending("comm")) ?? "?"
        found.append("\(DisplayText.escaped(command)) (process \(process.display))")
        break
      }
    }
    return found
  }

  /// The line `flags:	0100002` of proc_pid_fdinfo(5), octal; its lowest two bits are the access mode.
  private static func isWriting(_ info: FilePath) -> Bool {
    guard let text = SmallFile.text(info),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
      let flags = Int32(line.dropFirst(6).drop { $0 == "\t" || $0 == " " }, radix: 8)
    else { return false }
    return flags & O_ACCMODE != O_RDONLY
  }
}
