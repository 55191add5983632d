import SpaceModel
import SpaceReport

/// Why an image was left alone.
extension StorageError {
  static func refused(_ path: FilePath, _ objection: ReclaimObjection) -> StorageError {
    let next =
      switch objection.reason {
      case .open: "Try again once it is closed"
      case .writing: "Detach the loop device or stop the process that writes"
      case .immutable: "Take that back with chattr -ia if it may be changed"
      case .damaged: "See headroom verify, and keep a copy before anything else"
      case .upgrade: "Wait until the upgrade is done"
      }
    // What a run that is killed outright cannot put back is said before.
    let more = objection.reason == .immutable ? "; after a SIGKILL set it again with chattr" : ""
    return StorageError(
      objection.reason == .damaged ? .corrupt : objection.reason == .immutable ? .permissionDenied : .busy,
      operation: "dig holes into", path: path, message: objection.message,
      hint: "\(next), or use --force=\(objection.reason.rawValue)\(more).")
  }

  static func mountedReadOnly(_ path: FilePath, at mountpoint: FilePath) -> StorageError {
    StorageError(
      .permissionDenied, operation: "dig holes into", path: path,
      message: "'\(mountpoint.display)' is mounted read-only",
      hint: "Use --remount: it is made writable for the duration and put back (after a SIGKILL by you: mount -o "
        + "remount,ro).")
  }

  static func openedMeanwhile(_ path: FilePath) -> StorageError {
    StorageError(
      .busy, operation: "dig all holes into", path: path, message: "somebody opened it meanwhile, and was let in",
      hint: "What was punched stays and its content is intact. Run it again when the file is left alone.")
  }

  /// - Parameter error: Why its flags could not be set again.
  static func leftChangeable(_ path: FilePath, _ error: StorageError) -> StorageError {
    StorageError(
      error.code, operation: "make immutable again", path: path, message: error.message,
      hint: "It can be changed now. Set what it had with chattr(1), +i or +a.", cause: error.cause)
  }

  static func notCompared(_ path: FilePath) -> StorageError {
    StorageError(
      .busy, operation: "compare all of", path: path, message: "somebody opened it meanwhile, and was let in",
      hint: "All holes are dug. headroom verify says whether the image is whole.")
  }

  static func contentChanged(_ path: FilePath) -> StorageError {
    StorageError(
      .corrupt, operation: "confirm the content of", path: path,
      message: "it does not read as it did before",
      hint: "Compare it with a copy or its payload (headroom verify --against) before the node is rebooted.")
  }
}
