import FilesystemReader
import ImageIntegrity
import LinuxStorage
import SpaceModel
import SpaceReport

/// Evidence that was named.
extension Auditor {
  /// What cannot be used is said once, whatever images there are.
  mutating func checkEvidence() throws(StorageError) {
    if let payload = request.depth.against {
      try attempt(payload, .targetUnreadable) { (_) throws(StorageError) in _ = try ContentsOrigin.payload(payload) }
    }
    if let log = request.depth.kernelLog {
      try attempt(log, .targetUnreadable) { (_) throws(StorageError) in _ = try KernelLog(contentsOf: log) }
    }
  }
}
