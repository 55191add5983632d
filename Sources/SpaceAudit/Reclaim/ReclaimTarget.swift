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

  /// - Parameters:
  ///   - path: As the node sees it; else as we do.
  ///   - isNodes: It was found on the node, so no file of ours is meant.
  /// - Throws: ``StorageError`` where it cannot be opened, is no regular file or lies on no mount that is known.
  init(_ path: FilePath, sysroot: Sysroot, isNodes: Bool = false) throws(StorageError) {
    // Of another node's image and our own by one path, the node's is meant: this is going to be written to.
    let below = sysroot.isHost ? path : sysroot.follow(path) ?? sysroot.resolve(path)
    let isNodes = isNodes || (path.hasPrefix("/") && SmallFile.exists(below))
    let found = isNodes || !SmallFile.exists(path) ? below : path
    let file = try ReadOnlyFile.open(found, expecting: .regularFile, shown: path, operation: "dig holes into")
    guard let place = file.resolvedPath, let mount = Sysroot.ownMountTable().mount(holding: place) else {
      throw StorageError(
        .notFound, operation: "find the mount of", path: path, message: "/proc does not tell where it lies",
        hint: "Mount /proc.")
    }
    guard found != below || sysroot.nodePath(place) != nil else {
      throw StorageError(
        .wrongType, operation: "dig holes into", path: path,
        message: "a symbolic link leads out of the node's root, to '\(place.display)'",
        hint: "Name the file itself, without --sysroot if it is this machine's.")
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
