import LinuxStorage
import SpaceModel

/// One image to dig holes into.
struct ReclaimTarget {
  /// As it was named.
  let path: FilePath
  /// Where we find it, without symbolic links.
  let place: FilePath
  let status: FileStatus
  /// The mount it is reached through, as we see it.
  let mount: Mount

  /// - Parameter path: As the node sees it; else as we do.
  /// - Throws: ``StorageError`` where it cannot be opened, is no regular file or lies on no mount that is known.
  init(_ path: FilePath, sysroot: Sysroot) throws(StorageError) {
    // Of another node's image and our own by one path, the node's is meant: this is going to be written to.
    let below = sysroot.resolve(path)
    let isNodes = path.hasPrefix("/") && SmallFile.exists(below)
    let found = isNodes || !SmallFile.exists(path) ? below : path
    let file = try ReadOnlyFile.open(found, expecting: .regularFile, shown: path, operation: "dig holes into")
    guard let place = file.resolvedPath, let mount = Sysroot.ownMountTable().mount(holding: place) else {
      throw StorageError(
        .notFound, operation: "find the mount of", path: path, message: "/proc does not tell where it lies",
        hint: "Mount /proc.")
    }
    self.path = path
    self.place = place
    self.mount = mount
    status = try file.status()
  }

  func open() throws(StorageError) -> ReadOnlyFile {
    let file = try ReadOnlyFile.open(place, expecting: .regularFile, shown: path)
    let now = try file.status()
    guard now.device == status.device, now.inode == status.inode else {
      throw StorageError(
        .changed, operation: "open", path: path, message: "it is another file than a moment ago",
        hint: "Something replaces it, an upgrade perhaps. Try again when that is done.")
    }
    return file
  }
}
