import CExt2fs
import LinuxStorage
import SpaceModel

/// The tree in an unmounted ext2, ext3 or ext4 filesystem with its contents. Nothing in it is believed.
public final class ExtTreeContents: TreeContents {
  public let filesystem: ExtFilesystem
  private var attributes: ExtAttributes?
  private static let root: UInt64 = 2
  public var path: FilePath { filesystem.source.path }
  public var keepsACLs: Bool { true }

  public init(_ filesystem: ExtFilesystem) throws(StorageError) {
    self.filesystem = filesystem
  }

  public func top() throws(StorageError) -> TreeRecord { try record("", Self.root) }

  public func entries(
    _ node: UInt64, at path: FilePath, withAttributes: Bool
  ) throws(StorageError) -> [TreeRecord] {
    let names = try filesystem.names(ofDirectory: UInt32(truncatingIfNeeded: node), path: path)
    return try records(of: names, at: path, withAttributes: withAttributes)
  }

  public func readableEntries(
    _ node: UInt64, at path: FilePath, withAttributes: Bool
  ) throws(StorageError) -> (entries: [TreeRecord], problem: StorageError?) {
    do throws(StorageError) {
      return (try entries(node, at: path, withAttributes: withAttributes), nil)
    } catch {
      if error.code == .io, error.cause != nil { throw error }
      let number = UInt32(truncatingIfNeeded: node)
      let names = try filesystem.survivingNames(ofDirectory: number, path: path)
      return (try records(of: names, at: path, withAttributes: withAttributes), error)
    }
  }

  private func records(
    of found: [(name: FilePath, inode: UInt32)], at path: FilePath, withAttributes: Bool
  ) throws(StorageError) -> [TreeRecord] {
    // In the order of the inode table, so that each of its blocks is read once.
    let names = found.sorted { $0.inode < $1.inode }
    if withAttributes, attributes == nil { attributes = try ExtAttributes(filesystem) }
    var records: [TreeRecord] = []
    records.reserveCapacity(names.count)
    for (name, inode) in names {
      do throws(StorageError) {
        var record = try record(name, UInt64(inode))
        if withAttributes, let found = try attributes?.attributes(of: inode, path: path.appending(name)) {
          record.attributes = found
        }
        records.append(record)
      } catch {
        // An error of the disk is not one of the tree.
        if error.code == .io, error.cause != nil { throw error }
        records.append(TreeRecord(name: name, node: UInt64(inode), kind: nil))
      }
    }
    return records.sorted { $0.name < $1.name }
  }

  public func open(_ node: UInt64, at path: FilePath) throws(StorageError) -> any TreeFileContents {
    ExtFileContents(try filesystem.open(inode: UInt32(truncatingIfNeeded: node), path: path))
  }

  private func record(_ name: FilePath, _ number: UInt64) throws(StorageError) -> TreeRecord {
    let fs = filesystem.fs
    var inode = ext2_inode_large()
    let code = withUnsafeMutableBytes(of: &inode) { bytes -> errcode_t in
      guard let start = bytes.baseAddress else { return errcode_t(EXT2_ET_NO_MEMORY) }
      return ext2fs_read_inode_full(
        fs, UInt32(truncatingIfNeeded: number), start.assumingMemoryBound(to: ext2_inode.self), Int32(bytes.count))
    }
    guard code == 0 else { throw filesystem.error(code, "read inode \(number) of", path) }
    let mode = UInt32(inode.i_mode)
    guard inode.i_links_count > 0, mode & 0xF000 != 0 else { return TreeRecord(name: name, node: number, kind: nil) }
    var record = TreeRecord(name: name, node: number, kind: RootTreeEntry.Kind(mode: mode))
    record.mode = mode
    record.owner = UInt32(inode.i_uid) | UInt32(inode.osd2.linux2.l_i_uid_high) << 16
    record.group = UInt32(inode.i_gid) | UInt32(inode.osd2.linux2.l_i_gid_high) << 16
    setTime(&record, inode)
    switch record.kind {
    case .file:
      record.size = UInt64(inode.i_size) | UInt64(inode.i_size_high) << 32
      record.place = number
    case .symbolicLink:
      record.size = UInt64(inode.i_size)
      record.linkTarget = try filesystem.linkTarget(of: UInt32(truncatingIfNeeded: number))
    case .special where mode & 0xF000 == 0x2000 || mode & 0xF000 == 0x6000:
      record.device = Self.device(inode.i_block.0, inode.i_block.1)
    default: break
    }
    return record
  }

  /// ext4's extra word: two more bits of seconds, then nanoseconds (`EXT4_INODE_GET_XTIME`). It is there only where
  /// `i_extra_isize` covers it.
  private func setTime(_ record: inout TreeRecord, _ inode: ext2_inode_large) {
    record.modified = Int64(Int32(bitPattern: inode.i_mtime))
    guard filesystem.superblock.inodeSize > 128, inode.i_extra_isize >= 12 else { return }
    record.modified += Int64(inode.i_mtime_extra & 3) << 32
    record.modifiedNanoseconds = min(inode.i_mtime_extra >> 2, 999_999_999)
  }

  /// The old encoding in the first word, else the new one in the second (fs/ext4/inode.c).
  private static func device(_ old: UInt32, _ new: UInt32) -> DeviceNumber {
    if old != 0 { return DeviceNumber(major: old >> 8 & 0xFF, minor: old & 0xFF) }
    return DeviceNumber(major: new >> 8 & 0xFFF, minor: new & 0xFF | (new >> 12 & 0xF_FF00))
  }
}

/// A file of an unmounted ext filesystem; leaves the page cache as it was.
private final class ExtFileContents: TreeFileContents {
  private let file: ExtFile
  var size: UInt64 { file.size }

  init(_ file: ExtFile) { self.file = file }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try file.readQuietly(into: buffer, at: offset)
  }
}

extension RootTreeEntry.Kind {
  /// By the type bits of `st_mode`.
  init(mode: UInt32) {
    switch mode & 0xF000 {
    case 0x8000: self = .file
    case 0x4000: self = .directory
    case 0xA000: self = .symbolicLink
    default: self = .special
    }
  }
}
