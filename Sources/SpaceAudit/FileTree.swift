import FilesystemReader
import LinuxStorage
import SpaceModel

/// An entry of a filesystem, mounted or not, and how to go on from it.
struct TreeEntry {
  /// Below the filesystem's root.
  let path: FilePath
  let status: FileStatus
  let list: () throws(StorageError) -> [TreeEntry]
  let open: () throws(StorageError) -> any ImageSource
  let linkTarget: () -> FilePath?
}

/// The files of one filesystem.
protocol FileTree {
  /// The entries of the root directory.
  func root() throws(StorageError) -> [TreeEntry]
}

/// A mounted filesystem, reached through one of its mountpoints; never left through another mount or a symbolic link.
struct LiveTree: FileTree {
  let directory: ReadOnlyFile
  /// The part of the filesystem that is mounted there.
  let mountRoot: FilePath
  let allocationUnit: UInt64?

  func root() throws(StorageError) -> [TreeEntry] {
    let device = try directory.status().device
    return try entries(
      of: directory, path: FilePath(bytes: mountRoot.bytes.drop { $0 == UInt8(ascii: "/") }), device: device)
  }

  private func entries(of directory: ReadOnlyFile, path: FilePath, device: UInt64) throws(StorageError) -> [TreeEntry] {
    let unit = allocationUnit
    var entries: [TreeEntry] = []
    for entry in try DirectoryListing.entries(of: directory) where entry.status.device == device {
      let below = path.appending(entry.name)
      entries.append(
        TreeEntry(
          path: below, status: entry.status,
          list: { () throws(StorageError) in
            let child = try directory.openEntry(entry.name, directory: true)
            return try self.entries(of: child, path: below, device: device)
          },
          open: { () throws(StorageError) in
            try LiveFile(try directory.openEntry(entry.name, directory: false), allocationUnit: unit)
          },
          linkTarget: { SmallFile.linkTarget(directory.path.appending(entry.name)) }))
    }
    return entries
  }
}

/// An unmounted ext2, ext3 or ext4 filesystem.
struct ExtTree: FileTree {
  let filesystem: ExtFilesystem

  func root() throws(StorageError) -> [TreeEntry] { try entries(ofDirectory: 2, path: "") }

  private func entries(ofDirectory inode: UInt32, path: FilePath) throws(StorageError) -> [TreeEntry] {
    let filesystem = filesystem
    return try filesystem.entries(ofDirectory: inode, path: path).map { entry in
      TreeEntry(
        path: entry.path, status: entry.status,
        list: { () throws(StorageError) in try self.entries(ofDirectory: entry.inode, path: entry.path) },
        open: { () throws(StorageError) in try filesystem.open(inode: entry.inode, path: entry.path) },
        linkTarget: { filesystem.linkTarget(of: entry.inode) })
    }
  }
}
