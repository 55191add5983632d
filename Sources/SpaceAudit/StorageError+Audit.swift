import LinuxStorage
import SpaceModel

/// Failures that several targets share.
extension StorageError {
  static func nothingIn(_ disk: FilePath, size: UInt64) -> StorageError {
    StorageError(
      .unsupported, operation: "find a partition in", path: disk,
      message: size == 0 ? "it is empty" : "it holds neither a partition table nor a filesystem that is known",
      hint: "Name a raw image of a disk, a partition or a filesystem; qcow2 and the like must be converted first.")
  }

  static func labelNowhere(_ label: String) -> StorageError {
    StorageError(
      .notFound, operation: "find a filesystem labelled", path: FilePath(label),
      message: "nothing that could be looked at carries that label",
      hint: "List what there is with `headroom partitions` and the same targets.")
  }

  static func notTouched(_ device: FilePath) -> StorageError {
    StorageError(
      .unsupported, operation: "read", path: device, message: "it lies on a device that may never answer",
      hint: "Name it with --device, or use --all-devices.")
  }

  static let cancelledAudit = StorageError(
    .cancelled, operation: "audit", path: "", message: "it was cancelled")
}
