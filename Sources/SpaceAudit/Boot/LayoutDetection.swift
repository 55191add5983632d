import LinuxStorage
import PartitionScanner
import SpaceModel

/// Recognises how the systems on a filesystem are laid out, from what a search of its files met.
struct LayoutDetection {
  private var snapshots: [Int: FilePath] = [:]
  private var hasImages = false
  private var activeLink: Int?
  private var hasStateFile = false
  /// `nil` also where the file could not be read.
  private var state: StateFile?

  /// Notes an entry that was met; others than those that matter are left alone.
  ///
  /// - Throws: ``StorageError`` where it matters and cannot be read; it is then taken to be there and to say nothing.
  mutating func note(_ entry: TreeEntry) throws(StorageError) {
    switch entry.status.kind {
    case .regular:
      if entry.path == "cOS/active.img" || entry.path == "cOS/passive.img" { hasImages = true }
      if entry.path == "state.yaml" {
        hasStateFile = true
        state = try Self.stateFile(entry)
      }
      if entry.path.hasSuffix("/snapshot.img"), let number = SnapshotPlace.number(in: entry.path) {
        snapshots[number] = entry.path
      }
    case .symbolicLink:
      if entry.path == ".snapshots/active" {
        activeLink = try entry.linkTarget().flatMap(SnapshotPlace.number(ofLink:))
      }
    default: break
    }
  }

  /// `nil` where nothing of elemental's or Kairos' was met.
  var layout: UpgradeLayout? {
    guard hasImages || !snapshots.isEmpty else { return nil }
    var layout = UpgradeLayout(kind: snapshots.isEmpty ? .images : hasImages ? .legacy : .loopdevice)
    if !snapshots.isEmpty {
      layout.snapshots = snapshots.sorted { $0.key < $1.key }.map { .init(number: $0.key, path: $0.value) }
      // The link is what boots; the file may be of an upgrade that was not finished.
      layout.activeSnapshot = activeLink ?? state?.activeSnapshot
    }
    layout.hasStateFile = hasStateFile
    if let state { layout.describe(state) }
    return layout
  }

  private static func stateFile(_ entry: TreeEntry) throws(StorageError) -> StateFile? {
    guard entry.status.size <= UInt64(StateFile.sizeLimit) else { return nil }
    return StateFile(parsing: try entry.open().bytes(at: 0, count: Int(entry.status.size)))
  }
}

/// elemental 2 on a mounted btrfs: the subvolume `@` is the partition's root, `@/.snapshots` holds the snapshots, and
/// each is mounted at a place of its own.
struct BtrfsLayout {
  let layout: UpgradeLayout

  /// `nil` where none of these subvolumes is mounted and readable.
  init?(_ mounts: MountTable, device: DeviceNumber, _ sysroot: Sysroot) {
    let own = mounts.mounts.filter { $0.device == device && $0.filesystemType == "btrfs" }
    func place(_ root: FilePath) -> FilePath? {
      own.first { $0.root.components == root.components }.map { sysroot.resolve($0.mountpoint) }
    }
    let top = place("/@")
    guard let directory = place("/@/.snapshots") ?? top?.appending(".snapshots") else { return nil }
    let numbers = (DirectoryListing.names(directory) ?? []).compactMap { $0.utf8.flatMap(SnapshotPlace.number) }
      .filter { SmallFile.exists(directory.appending("\($0)/snapshot")) }.sorted()
    guard !numbers.isEmpty else { return nil }
    var layout = UpgradeLayout(kind: .btrfs)
    layout.snapshots = numbers.map { .init(number: $0, path: FilePath("@/.snapshots/\($0)/snapshot")) }
    if let bytes = top.flatMap({ SmallFile.bytes($0.appending("state.yaml"), limit: StateFile.sizeLimit) }) {
      let state = StateFile(parsing: bytes)
      layout.hasStateFile = true
      layout.activeSnapshot = state.activeSnapshot
      layout.describe(state)
    }
    self.layout = layout
  }
}

extension UpgradeLayout {
  fileprivate mutating func describe(_ state: StateFile) {
    if let type = state.snapshotter, type != kind.rawValue { snapshotter = type }
    maxSnapshots = state.maxSnapshots
    activeFilesystem = state.activeFilesystem
  }
}
