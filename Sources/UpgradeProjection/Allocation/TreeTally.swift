import SpaceModel

/// Counts a root tree into what it takes on each of several filesystems, one directory at a time and with flat memory.
///
/// From inodes alone, never from `st_blocks`: the same tree gives the same figures on tmpfs, btrfs or in a squashfs. The
/// copy is rsync's of elemental and Kairos: sparse files are filled (no `--sparse`), hard links become files of their own
/// (no `--hard-links`).
public struct TreeTally {
  /// What a system's partitions and images are made with: ext4 and ext2 with blocks of 1, 2 and 4 KiB, xfs and btrfs.
  public static let usualFilesystems: [TreeFilesystem] =
    [1024, 2048, 4096].flatMap { (bytes: Int64) in
      [TreeFilesystem(.ext4, unitBytes: ByteCount(bytes)), TreeFilesystem(.ext2, unitBytes: ByteCount(bytes))]
    } + [TreeFilesystem(.xfs, unitBytes: ByteCount(4096)), TreeFilesystem(.btrfs, unitBytes: ByteCount(4096))]

  /// What the copy of a directory or of a mounted image leaves out: the same in elemental-cli, elemental-toolkit 0 to 2
  /// and kairos-agent. Of each, the name goes as well; the tools make empty directories for some of them later.
  public static let systemExcludes: [FilePath] = ["/mnt", "/proc", "/sys", "/dev", "/tmp", "/host", "/run"]

  private var scales: [FilesystemTally]
  private var attributes: [AttributePlacement]
  private var inodes: Int64 = 0
  private var directories: Int64 = 0
  private var files: Int64 = 0
  private var apparent: UInt64 = 0

  public init(
    filesystems: [TreeFilesystem] = TreeTally.usualFilesystems, rules: [AttributeRule] = AttributeRule.allCases
  ) {
    scales = filesystems.map { FilesystemTally($0) }
    attributes = rules.map { AttributePlacement(rule: $0) }
  }

  /// Adds a directory with its names. Each directory once, the root included; in any order, which must be the same for
  /// figures to be the same to the byte.
  public mutating func add(_ directory: RootTreeDirectory) {
    for index in attributes.indices { attributes[index].add(directory.attributes) }
    inodes += Int64(directory.entries.count)
    for entry in directory.entries {
      if entry.kind == .directory {
        directories += 1
      } else {
        // A directory's own are counted with it.
        for index in attributes.indices { attributes[index].add(entry.attributes) }
      }
      if entry.kind == .file {
        files += 1
        apparent = apparent.addingClamped(entry.size)
      }
    }
    let names = CopiedDirectory(directory)
    var grown: [(form: DirectoryForm, blocks: UInt64)] = []
    for index in scales.indices {
      guard let form = scales[index].directoryForm else {
        scales[index].add(directory, directoryBlocks: 0)
        continue
      }
      if !grown.contains(where: { $0.form == form }) {
        let blocks = names.blocks(blockBytes: form.blockBytes, hasChecksums: form.hasChecksums)
        grown.append((form, UInt64(blocks)))
      }
      scales[index].add(directory, directoryBlocks: grown.first { $0.form == form }?.blocks ?? 0)
    }
  }

  /// What was counted so far.
  public var census: TreeCensus {
    TreeCensus(
      inodes: inodes, directories: directories, files: files, apparentBytes: ByteCount(clamping: apparent),
      demands: scales.flatMap { scale in attributes.map { scale.demand($0) } })
  }
}
