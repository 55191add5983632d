import CBlkid
import Glibc
import LinuxStorage
import SpaceModel

/// One low-level libblkid probe on a descriptor of its own.
///
/// The cache interface is never used: it writes /run/blkid/blkid.tab, answers with one of several devices that carry a
/// label, and knows nothing without root. libblkid moves the descriptor's offset and sets POSIX_FADV_RANDOM on it, which
/// is why it never gets one that somebody else reads from.
struct BlkidProbe: ~Copyable {
  private let handle: blkid_probe
  private let file: ReadOnlyFile
  /// Of the whole container, in bytes.
  let size: UInt64

  /// Opens the device or file again for libblkid.
  ///
  /// - Throws: ``StorageError`` of the opening, or `.unsupported` where libblkid refuses.
  init(reopening original: ReadOnlyFile) throws(StorageError) {
    let again = FilePath("/proc/self/fd/\(original.descriptor)")
    try self.init(
      taking: try ReadOnlyFile.open(
        again, expecting: .regularFileOrBlockDevice, shown: original.path, operation: "probe the partitions of"))
  }

  /// Uses the descriptor as its own.
  init(taking file: ReadOnlyFile) throws(StorageError) {
    let size = try file.status().size
    guard let handle = blkid_new_probe() else {
      throw StorageError(
        .io, operation: "probe the partitions of", path: file.path, message: "libblkid could not start a probe")
    }
    self.handle = handle
    self.file = file
    self.size = size
  }

  deinit { blkid_free_probe(handle) }

  /// What fills a range of the container.
  ///
  /// - Parameter range: Checked by the caller against the container.
  func content(of range: ByteRange, sectorSize: Int) throws(StorageError) -> ContentFacts {
    // Size 0 would mean "to the end" to libblkid.
    guard !range.isEmpty else { return ContentFacts() }
    try select(range, sectorSize: sectorSize)
    blkid_probe_enable_partitions(handle, 0)
    blkid_probe_enable_superblocks(handle, 1)
    blkid_probe_set_superblocks_flags(
      handle, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_UUID)
    var facts = ContentFacts()
    switch blkid_do_safeprobe(handle) {
    case 0:
      facts.type = value("TYPE")
      facts.label = value("LABEL")
      facts.uuid = value("UUID")
      facts.usage = value("USAGE").flatMap(ContentUsage.init(rawValue:))
    case 1:
      break
    case -2:
      facts.isAmbivalent = true
    default:
      throw StorageError(
        .io, operation: "probe", path: file.path, message: "it could not be read from byte \(range.start) on",
        hint: "Look for I/O errors in the kernel log (dmesg) and check the disk.")
    }
    return facts
  }

  /// An entry of a partition table before its content is looked at.
  struct TableEntry {
    var number: Int
    var start: UInt64
    var length: UInt64
    var name: String?
  }

  struct Table {
    var type: String
    var entries: [TableEntry]
    var tooManyEntries = false
  }

  /// The partition table of the container; `nil` where libblkid finds none in this sector size.
  func table(sectorSize: Int) throws(StorageError) -> Table? {
    guard size > 0 else { return nil }
    try select(ByteRange(start: 0, length: size), sectorSize: sectorSize)
    blkid_probe_enable_superblocks(handle, 0)
    blkid_probe_enable_partitions(handle, 1)
    blkid_probe_set_partitions_flags(handle, BLKID_PARTS_ENTRY_DETAILS)
    try onlyKnownTables()
    // All of this points into the probe and dies with the next range: copy it.
    guard let list = blkid_probe_get_partitions(handle), let raw = blkid_partlist_get_table(list),
      let type = blkid_parttable_get_type(raw).map({ String(cString: $0) })
    else { return nil }
    var table = Table(type: type, entries: [])
    let count = blkid_partlist_numof_partitions(list)
    for index in 0..<max(0, count) {
      guard let partition = blkid_partlist_get_partition(list, index) else { continue }
      guard table.entries.count < Self.entryLimit else {
        table.tooManyEntries = true
        break
      }
      // The container of the logical partitions holds no filesystem; they stand behind it in the list.
      if blkid_partition_is_extended(partition) != 0 { continue }
      if let entry = entry(of: partition) { table.entries.append(entry) }
    }
    return table
  }

  /// More partitions than any kernel makes of one disk.
  static let entryLimit = 1024

  private func entry(of partition: blkid_partition) -> TableEntry? {
    // Both in units of 512 bytes, whatever the sector size.
    let (start, startOverflow) = blkid_partition_get_start(partition).multipliedReportingOverflow(by: 512)
    let (length, lengthOverflow) = blkid_partition_get_size(partition).multipliedReportingOverflow(by: 512)
    guard !startOverflow, !lengthOverflow, start >= 0, length > 0 else { return nil }
    let name = blkid_partition_get_name(partition).map { text(UnsafeRawPointer($0), count: strlen($0)) }
    return TableEntry(
      number: Int(blkid_partition_get_partno(partition)), start: UInt64(start), length: UInt64(length),
      name: name.flatMap { $0.isEmpty ? nil : $0 })
  }

  /// Leaves the table types of other decades out, of which libblkid sees one in random data (atari).
  private func onlyKnownTables() throws(StorageError) {
    var gpt: [CChar] = [103, 112, 116, 0]
    var dos: [CChar] = [100, 111, 115, 0]
    let result = gpt.withUnsafeMutableBufferPointer { gpt in
      dos.withUnsafeMutableBufferPointer { dos in
        var names: [UnsafeMutablePointer<CChar>?] = [gpt.baseAddress, dos.baseAddress, nil]
        return blkid_probe_filter_partitions_type(handle, BLKID_FLTR_ONLYIN, &names)
      }
    }
    guard result == 0 else { throw refused() }
  }

  private func select(_ range: ByteRange, sectorSize: Int) throws(StorageError) {
    guard let start = Int64(exactly: range.start), let length = Int64(exactly: range.length),
      blkid_probe_set_device(handle, file.descriptor, start, length) == 0
    else { throw refused() }
    // set_device takes the sector size from the device; a file has none of its own.
    if blkid_probe_get_sectorsize(handle) != UInt32(sectorSize) {
      guard blkid_probe_set_sectorsize(handle, UInt32(sectorSize)) == 0 else { throw refused() }
    }
  }

  private func refused() -> StorageError {
    StorageError(
      .unsupported, operation: "probe the partitions of", path: file.path, message: "libblkid does not accept it")
  }

  /// A value as bytes: labels hold quotes, control characters and what is not UTF-8.
  private func value(_ name: String) -> String? {
    var data: UnsafePointer<CChar>?
    var length = 0
    guard blkid_probe_lookup_value(handle, name, &data, &length) == 0, let data else { return nil }
    let found = text(UnsafeRawPointer(data), count: length)
    return found.isEmpty ? nil : found
  }

  private func text(_ start: UnsafeRawPointer, count: Int) -> String {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    // The length counts the terminator.
    return RawArgument.text(of: bytes.prefix { $0 != 0 })
  }
}
