import Glibc
import SpaceModel

/// What a failed system call means where something is being written: an EIO is no read error there.
public enum WriteFailure {
  public static func error(_ path: FilePath, _ call: String, _ code: Int32) -> StorageError {
    var error = SystemCallTable.error(operation: "write", path: path, call: call, errno: code)
    switch code {
    case ENOSPC:
      error.message = "there is no space left"
      error.hint = "headroom audit shows what takes the space."
    case EDQUOT:
      error.message = "the quota is used up"
      error.hint = "Raise the quota of the owner, or remove something of theirs."
    case EIO:
      error.message = "the device reports a write error"
    case EROFS:
      error.message = "the filesystem is mounted read-only"
      error.hint = "Mount it writable first: mount -o remount,rw."
    case EPERM:
      error.message = "the filesystem does not permit it"
      error.hint = "Look for the attributes i and a with lsattr, at the file and at its directory; run as root."
    case EFBIG:
      error.message = "the filesystem or a limit (ulimit -f) does not take a file of that size"
    default: break
    }
    return error
  }

  /// Whether a filesystem or a quota was full.
  public static func isFull(_ error: StorageError) -> Bool {
    error.cause.map { $0.errno == ENOSPC || $0.errno == EDQUOT } ?? false
  }
}
