import FilesystemReader
import LinuxStorage
import SpaceModel
import UpgradeProjection

/// The installed system, counted like a payload: what the next one is estimated from.
enum InstalledTree {
  struct Count {
    var census: TreeCensus
    /// Of a program in it, as uname(2) names it; `nil` where none was found.
    var architecture: String?
  }

  /// - Parameters:
  ///   - image: An image of an installed system.
  ///   - partition: What it lies on, and the next one will be copied to.
  /// - Returns: `nil` where the image holds no ext filesystem.
  /// - Throws: ``StorageError`` where not all of the tree can be read.
  static func census(
    of image: any ByteSource, on partition: Partition, monitor: AuditMonitor
  ) throws(StorageError) -> Count? {
    guard try ContentSignature.type(of: image) == "ext" else { return nil }
    // The image that an upgrade makes has blocks of 4 KiB, or 1 KiB where it is smaller than 512 MiB.
    let inside = [4096, 1024].map { TreeFilesystem(.ext2, unitBytes: ByteCount($0)) }
    let host = UpgradeProjector.filesystem(of: partition).map { [$0] } ?? []
    var tally = TreeTally(filesystems: host + inside.filter { !host.contains($0) }, rules: [.all])
    let tree = ExtRootTree(try ExtFilesystem(image))
    try tree.walk(excluding: TreeTally.systemExcludes) { (directory) throws(StorageError) in
      if monitor.isCancelled() { throw .cancelledAudit }
      tally.add(directory)
    }
    return Count(census: tally.census, architecture: try Payload.System(of: tree, topOfISO: nil).architecture)
  }
}
