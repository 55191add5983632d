import LinuxStorage
import SpaceModel

extension DeviceFacts {
  /// Probes a device, a disk image or a bare filesystem image: its partition table and what lies in each partition, or
  /// what fills it as a whole. Reads only.
  ///
  /// - Parameters:
  ///   - deviceSectorSize: In bytes; `nil` for a file, which has none.
  ///   - besideTable: Also where there are partitions, look at what fills it as a whole: boot code can look like a
  ///     partition table. Without it ``DeviceFacts/content`` is empty then.
  /// - Throws: ``StorageError`` where it cannot be opened again or read. One partition that cannot be read counts as one
  ///   in which nothing was recognised.
  static func read(
    _ file: ReadOnlyFile, deviceSectorSize: Int?, besideTable: Bool = true
  ) throws(StorageError) -> DeviceFacts {
    let probe = try BlkidProbe(reopening: file)
    var facts = DeviceFacts(
      sizeBytes: probe.size, sectorSize: deviceSectorSize ?? 512, tableType: nil, entries: [], tooManyEntries: false,
      content: ContentFacts())
    guard probe.size > 0 else { return facts }

    if let (table, sectorSize) = try table(of: file, probe: probe, deviceSectorSize: deviceSectorSize) {
      facts.tableType = table.type
      facts.sectorSize = sectorSize
      facts.tooManyEntries = table.tooManyEntries
      for raw in table.entries {
        var entry = Entry(
          number: raw.number, start: raw.start, length: raw.length, name: raw.name, content: ContentFacts())
        do throws(StorageError) {
          entry.content = try probe.content(of: facts.range(of: entry), sectorSize: sectorSize)
        } catch {
          // A bad sector under one partition must not hide the others.
        }
        facts.entries.append(entry)
      }
    }
    guard facts.entries.isEmpty || besideTable else { return facts }
    do throws(StorageError) {
      facts.content = try probe.content(
        of: ByteRange(start: 0, length: probe.size), sectorSize: deviceSectorSize ?? 512)
    } catch {
      if facts.entries.isEmpty { throw error }
    }
    return facts
  }

  /// The first table found in the device's own sector size, 512 or 4096 bytes.
  ///
  /// A disk image does not say what its sectors were: a GPT of 4096-byte sectors, read in 512-byte ones, looks like a
  /// protective MBR with nothing behind it.
  private static func table(
    of file: ReadOnlyFile, probe: borrowing BlkidProbe, deviceSectorSize: Int?
  ) throws(StorageError) -> (BlkidProbe.Table, Int)? {
    let own = deviceSectorSize ?? 512
    let found = try probe.table(sectorSize: own)
    if let found, !found.entries.isEmpty { return (found, own) }
    for other in [512, 4096] where other != own {
      let table = try probe.table(sectorSize: other)
      // In other units an MBR's numbers mean other places, so only a GPT, whose place proves its unit, counts.
      if let table, table.type == "gpt", !table.entries.isEmpty { return (table, other) }
    }
    let source = try FileSource(file)
    for size in [512, 4096] {
      if let table = try TruncatedTable.read(source, sectorSize: size) { return (table, size) }
    }
    return found.map { ($0, own) }
  }
}
