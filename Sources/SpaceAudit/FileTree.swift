import FilesystemReader
import LinuxStorage
import SpaceModel

/// An entry of a filesystem, mounted or not, and how to go on from it.
struct TreeEntry {
  /// Below the filesystem's root.
  let path: FilePath
  let status: FileStatus
  let list: () throws(StorageError) -> TreeListing
  let open: () throws(StorageError) -> any ImageSource
  let linkTarget: () throws(StorageError) -> FilePath?
}

/// The entries of a directory.
struct TreeListing {
  var entries: [TreeEntry] = []
  /// Entries that are there and cannot be asked; the path of each is below the filesystem's root.
  var failures: [StorageError] = []
}

/// The files of one filesystem.
protocol FileTree {
  /// The entries of the root directory.
  func root() throws(StorageError) -> TreeListing
}

/// A mounted filesystem, reached through one of its mountpoints; never left through another mount or a symbolic link.
struct LiveTree: FileTree {
  let directory: ReadOnlyFile
  /// The part of the filesystem that is mounted there.
  let mountRoot: FilePath
  let allocationUnit: UInt64?
  /// Everything that is mounted anywhere, as the node sees it: what lies under another mount is not asked, because that
  /// might not answer.
  let mountpoints: Set<FilePath>

  func root() throws(StorageError) -> TreeListing {
    let device = try directory.status().device
    return try list(
      directory, path: FilePath(bytes: mountRoot.bytes.drop { $0 == UInt8(ascii: "/") }), device: device)
  }

  private func list(_ directory: ReadOnlyFile, path: FilePath, device: UInt64) throws(StorageError) -> TreeListing {
    let unit = allocationUnit
    var listing = TreeListing()
    let entries = try DirectoryListing.entries(
      of: directory, skipping: { mountpoints.contains(directory.path.appending($0)) },
      onFailure: { failure in
        var below = failure
        below.path = path.appending(failure.path.lastComponent)
        listing.failures.append(below)
      })
    for entry in entries where entry.status.device == device {
      let below = path.appending(entry.name)
      listing.entries.append(
        TreeEntry(
          path: below, status: entry.status,
          list: { () throws(StorageError) in
            let child = try directory.openEntry(entry.name, directory: true)
            return try self.list(child, path: below, device: device)
          },
          open: { () throws(StorageError) in
            try LiveFile(try directory.openEntry(entry.name, directory: false), allocationUnit: unit)
          },
          linkTarget: { () throws(StorageError) in try directory.linkTarget(ofEntry: entry.name) }))
    }
    return listing
  }
}

/// An unmounted ext2, ext3 or ext4 filesystem.
struct ExtTree: FileTree {
  let filesystem: ExtFilesystem

  func root() throws(StorageError) -> TreeListing { try list(directory: 2, path: "") }

  private func list(directory inode: UInt32, path: FilePath) throws(StorageError) -> TreeListing {
    let filesystem = filesystem
    var listing = TreeListing()
    let entries = try filesystem.entries(ofDirectory: inode, path: path) { listing.failures.append($0) }
    listing.entries = entries.map { entry in
      TreeEntry(
        path: entry.path, status: entry.status,
        list: { () throws(StorageError) in try self.list(directory: entry.inode, path: entry.path) },
        open: { () throws(StorageError) in try filesystem.open(inode: entry.inode, path: entry.path) },
        linkTarget: { () throws(StorageError) in try filesystem.linkTarget(of: entry.inode) })
    }
    return listing
  }
}
