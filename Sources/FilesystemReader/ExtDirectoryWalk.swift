import CExt2fs
import LinuxStorage
import SpaceModel

extension ExtFilesystem {
  /// An entry found while walking.
  public struct Entry: Sendable {
    /// Below the filesystem's root.
    public var path: FilePath
    public var inode: UInt32
    public var status: FileStatus
  }

  /// The entries of a directory, in byte order, without `.` and `..`.
  ///
  /// - Parameter onFailure: Called for each entry whose inode cannot be read, and for names that no file can have or that
  ///   are too many; they are left out.
  /// - Throws: ``StorageError`` where the directory itself cannot be read.
  public func entries(
    ofDirectory inode: UInt32, path: FilePath, onFailure: (StorageError) -> Void = { _ in }
  ) throws(StorageError) -> [Entry] {
    var entries: [Entry] = []
    let listing = try listing(ofDirectory: inode, path: path)
    if let message = listing.problem { onFailure(corrupt(message, path)) }
    for (name, number) in listing.names {
      let below = path.appending(name)
      do throws(StorageError) {
        guard number <= fs.pointee.super.pointee.s_inodes_count else {
          throw StorageError(
            .corrupt, operation: "read the inode of", path: below, message: "its number is beyond the last inode",
            hint: "headroom verify tells what of it is missing.")
        }
        entries.append(Entry(path: below, inode: number, status: try status(of: number)))
      } catch {
        var named = error
        named.path = below
        onFailure(named)
      }
    }
    return entries.sorted { $0.path < $1.path }
  }

  /// The names of a directory with their inodes, in the directory's order, without `.` and `..`.
  ///
  /// - Parameter limit: More names than this in one directory are not an OS's.
  /// - Throws: ``StorageError`` `.corrupt` also where there are more, or one that no file can have: never a part of them.
  func names(
    ofDirectory inode: UInt32, path: FilePath, limit: Int = WalkLimit.namesOfDirectory
  ) throws(StorageError) -> [(name: FilePath, inode: UInt32)] {
    let listing = try listing(ofDirectory: inode, path: path, limit: limit)
    if let message = listing.problem { throw corrupt(message, path) }
    return listing.names
  }

  private func listing(
    ofDirectory inode: UInt32, path: FilePath, limit: Int = WalkLimit.namesOfDirectory
  ) throws(StorageError) -> Listing {
    let listing = Listing(limit: limit)
    let context = Unmanaged.passUnretained(listing).toOpaque()
    let code = withExtendedLifetime(listing) {
      ext2fs_dir_iterate2(
        fs, inode, 0, nil,
        { _, _, entry, _, _, _, context in
          guard let entry, let context else { return 0 }
          let listing = Unmanaged<Listing>.fromOpaque(context).takeUnretainedValue()
          // libext2fs calls it no error when it is stopped.
          return listing.add(entry) ? 0 : DIRENT_ABORT
        }, context)
    }
    guard code == 0 else { throw error(code, "list '\(path.display)' in", source.path) }
    return listing
  }

  private func corrupt(_ message: String, _ path: FilePath) -> StorageError {
    StorageError(
      .corrupt, operation: "list '\(path.display)' in", path: source.path, message: message,
      hint: "headroom verify tells what of it is missing.")
  }

  private final class Listing {
    var names: [(name: FilePath, inode: UInt32)] = []
    /// Why ``names`` are not all; `nil` where they are.
    var problem: String?
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func add(_ entry: UnsafeMutablePointer<ext2_dir_entry>) -> Bool {
      let length = Int(ext2fs_dirent_name_len(entry))
      let name = withUnsafeBytes(of: &entry.pointee.name) { Array($0.prefix(length)) }
      guard entry.pointee.inode != 0, name != [0x2E], name != [0x2E, 0x2E] else { return true }
      guard names.count < limit else {
        problem = "it holds more than \(limit) names"
        return false
      }
      if name.isEmpty || name.contains(0) || name.contains(0x2F) {
        problem = "it holds a name that no file can have"
      } else {
        names.append((FilePath(bytes: name), entry.pointee.inode))
      }
      return true
    }
  }
}

extension ExtFilesystem {
  /// What a symbolic link holds; `nil` where the inode is none, or an empty one.
  ///
  /// - Throws: ``StorageError`` where it cannot be read.
  public func linkTarget(of inode: UInt32) throws(StorageError) -> FilePath? {
    var (raw, status) = try readInode(inode)
    guard status.kind == .symbolicLink, status.size > 0 else { return nil }
    if raw.i_flags & UInt32(bitPattern: EXT4_INLINE_DATA_FL) != 0 {
      return FilePath(bytes: try inlineData(inode, size: status.size))
    }
    // Less than 60 bytes lie in the inode, in place of its block map, whatever blocks its attributes take.
    if ext2fs_is_fast_symlink(&raw) != 0 {
      return withUnsafeBytes(of: raw.i_block) { FilePath(bytes: $0.prefix(Int(status.size))) }
    }
    var block: blk64_t = 0
    let code = ext2fs_bmap2(fs, inode, nil, nil, 0, 0, nil, &block)
    guard code == 0 else { throw error(code, "read a symbolic link in", source.path) }
    guard status.size <= blockSize, block > 0, block < superblock.blockCount else {
      throw StorageError(
        .corrupt, operation: "read a symbolic link in", path: source.path, message: "inode \(inode) holds none",
        hint: "headroom verify tells what of it is missing.")
    }
    return FilePath(bytes: try source.bytes(at: block * blockSize, count: Int(status.size)))
  }
}
