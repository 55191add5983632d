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
  /// - Parameter onFailure: Called for each entry whose inode cannot be read; it is left out.
  /// - Throws: ``StorageError`` where the directory itself cannot be read.
  public func entries(
    ofDirectory inode: UInt32, path: FilePath, onFailure: (StorageError) -> Void = { _ in }
  ) throws(StorageError) -> [Entry] {
    var entries: [Entry] = []
    for (name, number) in try names(ofDirectory: inode, path: path) {
      let below = path.appending(name)
      do throws(StorageError) {
        guard number <= fs.pointee.super.pointee.s_inodes_count else {
          throw StorageError(
            .corrupt, operation: "read the inode of", path: below, message: "its number is beyond the last inode",
            hint: "Check the filesystem with e2fsck -fn.")
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
  func names(ofDirectory inode: UInt32, path: FilePath) throws(StorageError) -> [(name: FilePath, inode: UInt32)] {
    let listing = Listing()
    let context = Unmanaged.passUnretained(listing).toOpaque()
    let code = withExtendedLifetime(listing) {
      ext2fs_dir_iterate2(
        fs, inode, 0, nil,
        { _, _, entry, _, _, _, context in
          guard let entry, let context else { return 0 }
          let listing = Unmanaged<Listing>.fromOpaque(context).takeUnretainedValue()
          return listing.add(entry) ? 0 : DIRENT_ABORT
        }, context)
    }
    guard code == 0 else { throw error(code, "list '\(path.display)' in", source.path) }
    return listing.names
  }

  private final class Listing {
    var names: [(name: FilePath, inode: UInt32)] = []
    /// More names than this in one directory are not an OS's.
    private static let limit = 1_000_000

    func add(_ entry: UnsafeMutablePointer<ext2_dir_entry>) -> Bool {
      let length = Int(ext2fs_dirent_name_len(entry))
      let name = withUnsafeBytes(of: &entry.pointee.name) { Array($0.prefix(length)) }
      if entry.pointee.inode != 0, name != [0x2E], name != [0x2E, 0x2E], !name.contains(0), !name.contains(0x2F) {
        names.append((FilePath(bytes: name), entry.pointee.inode))
      }
      return names.count < Self.limit
    }
  }
}

extension ExtFilesystem {
  /// What a symbolic link holds; `nil` where the inode is none or it cannot be read.
  public func linkTarget(of inode: UInt32) -> FilePath? {
    guard let (raw, status) = try? readInode(inode), status.kind == .symbolicLink, status.size > 0 else { return nil }
    // Up to 60 bytes lie in the inode, in place of its block map.
    if status.size < 60, status.allocated == 0 {
      return withUnsafeBytes(of: raw.i_block) { FilePath(bytes: $0.prefix(Int(status.size))) }
    }
    guard status.size <= blockSize, let block = firstBlock(of: inode), block < superblock.blockCount else { return nil }
    return (try? source.bytes(at: block * blockSize, count: Int(status.size))).map { FilePath(bytes: $0) }
  }

  private func firstBlock(of inode: UInt32) -> UInt64? {
    var block: blk64_t = 0
    guard ext2fs_bmap2(fs, inode, nil, nil, 0, 0, nil, &block) == 0 else { return nil }
    return block > 0 ? block : nil
  }
}
