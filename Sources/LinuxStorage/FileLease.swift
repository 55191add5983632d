import CLinuxStorage
import Glibc
import SpaceModel

/// A lease on an open file, fcntl(2): while it is held, whoever opens the file waits, until it is given back or the
/// kernel's patience ends (/proc/sys/fs/lease-break-time, 45 s).
public enum FileLease {
  /// What the kernel said to the request.
  public enum Answer: Hashable, Sendable {
    case granted
    /// Somebody else has the file open: in any way for a write lease, for writing for a read lease.
    case inUse
    /// The filesystem has no leases, or we may not have one: its owner or CAP_LEASE is asked for.
    case unsupported
  }

  /// Asks for a write lease. It is granted while nobody else has the file open, through whatever path, process namespace
  /// or mapping.
  ///
  /// A break is announced with SIGIO, which would end the process: it is ignored from here on, and
  /// ``isHeld(on:)`` is asked instead.
  public static func takeForWriting(_ file: WritableFile) -> Answer {
    signal(SIGIO, SIG_IGN)
    return answer(cls_set_lease(file.descriptor, cls_LEASE_WRITE))
  }

  /// Whether the write lease is whole: held, and nobody waits for it.
  public static func isHeld(on file: WritableFile) -> Bool { cls_get_lease(file.descriptor) == cls_LEASE_WRITE }

  /// Gives the lease back, and lets go whoever waits.
  public static func giveBack(_ file: WritableFile) { _ = cls_set_lease(file.descriptor, cls_LEASE_NONE) }

  /// Whether anybody has the file open for writing, by asking for a read lease and giving it back at once; `nil` where
  /// leases do not tell.
  public static func isOpenForWriting(_ file: ReadOnlyFile) -> Bool? {
    signal(SIGIO, SIG_IGN)
    switch answer(cls_set_lease(file.descriptor, cls_LEASE_READ)) {
    case .granted:
      _ = cls_set_lease(file.descriptor, cls_LEASE_NONE)
      return false
    case .inUse: return true
    case .unsupported: return nil
    }
  }

  private static func answer(_ result: Int32) -> Answer {
    switch result {
    case 0: .granted
    case -EAGAIN, -EBUSY: .inUse
    default: .unsupported
    }
  }
}
