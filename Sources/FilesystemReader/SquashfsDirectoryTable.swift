import CSquashfs
import SpaceModel

/// The directory table: names, and where the inode of each lies.
final class SquashfsDirectoryTable {
  struct Name {
    var bytes: [UInt8]
    var inode: SquashfsInode.Reference
  }

  private let image: SquashfsImage
  private let table: SquashfsTable

  init(_ image: SquashfsImage) throws(StorageError) {
    self.image = image
    let superblock = image.superblock
    // The next table's index ends it; which comes next depends on what the image has.
    let end =
      [
        superblock.fragment_table_start, superblock.export_table_start, superblock.id_table_start,
        superblock.xattr_id_table_start, superblock.bytes_used,
      ].filter { $0 > superblock.directory_table_start }.min() ?? superblock.bytes_used
    table = try SquashfsTable(image, start: superblock.directory_table_start, limit: min(end, superblock.bytes_used))
  }

  /// The names of a directory, in the order of the image (that of their bytes).
  ///
  /// Layouts: `struct squashfs_dir_header`, `struct squashfs_dir_entry` in fs/squashfs/squashfs_fs.h.
  func names(_ listing: SquashfsInode.Listing) throws(StorageError) -> [Name] {
    var left = listing.length
    guard left > 0 else { return [] }
    let (block, overflow) = image.superblock.directory_table_start.addingReportingOverflow(listing.block)
    guard !overflow else { throw image.corrupt("a directory lies out of its table") }
    try table.seek(block: block, offset: listing.offset)
    var names: [Name] = []
    while left > 0 {
      let header = try table.fields([4, 4, 4])
      left -= 12
      // Stored less one; the kernel refuses more than 256.
      guard header[0] < 256 else { throw image.corrupt("a directory has a header of \(header[0]) names") }
      for _ in 0...header[0] {
        let entry = try table.fields([2, 2, 2, 2])
        guard entry[3] < 256 else { throw image.corrupt("a name is \(entry[3] + 1) bytes long") }
        let name = try table.bytes(Int(entry[3]) + 1)
        left -= 8 + name.count
        guard left >= 0 else { throw image.corrupt("a directory ends inside of a name") }
        guard !name.contains(0), !name.contains(UInt8(ascii: "/")), name != [0x2E], name != [0x2E, 0x2E] else {
          throw image.corrupt("a directory holds a name that no file can have")
        }
        names.append(Name(bytes: name, inode: SquashfsInode.Reference(raw: header[1] << 16 | entry[0])))
      }
      guard names.count <= WalkLimit.namesOfDirectory else {
        throw image.corrupt("a directory holds more than \(WalkLimit.namesOfDirectory) names")
      }
    }
    return names
  }
}
