import Glibc
import SpaceModel

/// What a failed system call means to the user: call × errno → kind, sentence and hint.
///
/// See section 2 of the manual for each call. An errno that is not listed keeps the system's own text.
public enum SystemCallTable {
  public static func error(
    operation: String, path: FilePath, call: String, errno code: Int32, at offset: UInt64? = nil
  ) -> StorageError {
    let text = String(cString: strerror(code))
    let row = meaning(of: code)
    let place = offset.map { " at byte \($0)" } ?? ""
    return StorageError(
      row.code, operation: operation, path: path, message: (row.message ?? text.lowercased()) + place, hint: row.hint,
      cause: SystemCallError(call: call, errno: code, text: text))
  }

  private struct Row {
    var code: StorageError.Code
    var message: String?
    var hint: String?
  }

  private static func meaning(of code: Int32) -> Row {
    switch code {
    case ENOENT:
      Row(
        code: .notFound, message: "there is no such file or directory",
        hint: "Check the path; a symbolic link may point nowhere.")
    case ENOTDIR:
      Row(code: .notFound, message: "a part of the path is not a directory", hint: nil)
    case EACCES, EPERM:
      Row(code: .permissionDenied, message: "permission denied", hint: "Run as root.")
    case ELOOP:
      Row(code: .wrongType, message: "it is a symbolic link where none is followed, or links go in circles", hint: nil)
    case EOPNOTSUPP, ENOTTY, ENOSYS:
      Row(code: .unsupported, message: "the filesystem or device does not support that", hint: nil)
    case EIO, EBADMSG, EUCLEAN, ENODATA, EREMOTEIO:
      Row(
        code: .io, message: "the device reports a read error",
        hint: "Look for I/O errors in the kernel log (dmesg) and check the disk.")
    case ENXIO, ENODEV:
      Row(code: .notFound, message: "the device is not there", hint: "Check that it is attached and has a medium.")
    case ENOMEDIUM:
      Row(code: .notFound, message: "there is no medium in the drive", hint: nil)
    case EBUSY:
      Row(code: .busy, message: "it is in use", hint: nil)
    case ETIMEDOUT:
      Row(code: .timedOut, message: "the device did not answer in time", hint: nil)
    case EMFILE, ENFILE:
      Row(code: .io, message: "too many files are open", hint: "Raise the limit with ulimit -n.")
    case ENAMETOOLONG:
      Row(code: .notFound, message: "the path is too long", hint: nil)
    default:
      Row(code: .io, message: nil, hint: nil)
    }
  }
}
