import FilesystemReader
import LinuxStorage
import SpaceModel

/// An image that was found, not measured yet.
struct FoundImage {
  let entry: TreeEntry
  var role: ImageRole
  /// On the command line, and not found.
  var isNamed = false

  /// Whether it lies where the active, passive, transition or recovery image does.
  var isInPlace: Bool {
    let place = ImagePlace.role(of: entry.path)
    return place != nil && place != .other && place != .snapshot
  }
}

/// Finds the images and leftovers on a filesystem: by the places elemental, Harvester and Kairos put them, and by
/// content for any other large file.
struct ImageSearch {
  private(set) var images: [FoundImage] = []
  private(set) var leftovers: [Partition.Leftover] = []
  /// Directories and files that could not be looked at.
  private(set) var failures: [StorageError] = []
  /// Those among them that lie where an image does.
  private(set) var unreadableImages: [StorageError] = []
  /// A directory that is met again, which only a damaged filesystem has, is not entered again.
  private var directories: Set<UInt64> = []
  private var layouts = LayoutDetection()
  /// How the systems on it are laid out; `nil` where none was met.
  var layout: UpgradeLayout? { layouts.layout }

  /// A file of another name is looked into from this size on.
  static let contentSearchSize: UInt64 = 64 << 20
  /// Directories deeper than this are not an image's place; hostile ones have no end.
  private static let depthLimit = 64
  private let isCancelled: () -> Bool

  /// - Throws: ``StorageError`` where not even the root directory can be listed.
  init(_ tree: any FileTree, isCancelled: @escaping () -> Bool) throws(StorageError) {
    self.isCancelled = isCancelled
    let root = try tree.root()
    note(root.failures)
    visit(root.entries, depth: 0)
    settleRoles()
  }

  /// Files that were named: images whatever they hold.
  init(named entries: [TreeEntry]) {
    isCancelled = { false }
    images = entries.map { FoundImage(entry: $0, role: ImagePlace.role(of: $0.path) ?? .other, isNamed: true) }
    settleRoles()
  }

  private mutating func visit(_ entries: [TreeEntry], depth: Int) {
    for entry in entries {
      if isCancelled() { return }
      do throws(StorageError) { try layouts.note(entry) } catch { failures.append(error) }
      switch entry.status.kind {
      case .directory:
        guard directories.insert(entry.status.inode).inserted else { continue }
        if ImagePlace.isLeftoverDirectory(entry.path) {
          var seen: Set<UInt64> = []
          leftovers.append(
            Partition.Leftover(
              path: entry.path, allocatedBytes: ByteCount(clamping: allocated(below: entry, depth: depth, &seen))))
        } else if depth < Self.depthLimit {
          do throws(StorageError) {
            let listing = try entry.list()
            note(listing.failures)
            visit(listing.entries, depth: depth + 1)
          } catch {
            failures.append(error)
          }
        }
      case .regular:
        visit(file: entry)
      case .symbolicLink, .blockDevice, .other:
        break
      }
    }
  }

  private mutating func visit(file entry: TreeEntry) {
    if ImagePlace.isLeftoverFile(entry.path) {
      leftovers.append(
        Partition.Leftover(path: entry.path, allocatedBytes: ByteCount(clamping: entry.status.allocated)))
    }
    if let role = ImagePlace.role(of: entry.path) {
      images.append(FoundImage(entry: entry, role: role))
    } else if entry.status.size >= Self.contentSearchSize, isImageByContent(entry) {
      images.append(FoundImage(entry: entry, role: .other))
    }
  }

  private mutating func isImageByContent(_ entry: TreeEntry) -> Bool {
    do throws(StorageError) {
      return try ContentSignature.type(of: try entry.open()) != nil
    } catch {
      failures.append(error)
      return false
    }
  }

  private mutating func note(_ failures: [StorageError]) {
    self.failures += failures
    unreadableImages += failures.filter { ImagePlace.role(of: $0.path) != nil }
  }

  /// All of a directory, each inode once, itself included.
  private mutating func allocated(below entry: TreeEntry, depth: Int, _ seen: inout Set<UInt64>) -> UInt64 {
    var total = entry.status.allocated
    guard depth < Self.depthLimit, !isCancelled() else { return total }
    do throws(StorageError) {
      let listing = try entry.list()
      failures += listing.failures
      for child in listing.entries {
        if child.status.kind == .directory {
          guard directories.insert(child.status.inode).inserted else { continue }
          total = total.addingClamped(allocated(below: child, depth: depth + 1, &seen))
        } else if child.status.links <= 1 || seen.insert(child.status.inode).inserted {
          total = total.addingClamped(child.status.allocated)
        }
      }
    } catch {
      failures.append(error)
    }
    return total
  }

  /// In the order of measuring: of hard links, the one that has a known place comes first.
  var inOrder: [FoundImage] {
    images.sorted {
      ($0.isInPlace ? 0 : 1, $0.entry.path) < ($1.isInPlace ? 0 : 1, $1.entry.path)
    }
  }

  /// Roles go by inode: the snapshot that `active` leads to is the active image, and a hard link of the active image
  /// (elemental 2 makes one on the first upgrade) is it too.
  private mutating func settleRoles() {
    if let number = layout?.activeSnapshot {
      let active = FilePath(".snapshots/\(number)/snapshot.img")
      for index in images.indices where images[index].entry.path == active { images[index].role = .active }
    }
    for index in images.indices where images[index].role == .snapshot || images[index].role == .other {
      let inode = images[index].entry.status.inode
      let twin = images.first {
        $0.entry.status.inode == inode && $0.role != .snapshot && $0.role != .other
      }
      if let twin { images[index].role = twin.role }
    }
  }
}

/// Where images lie, by path below the filesystem's root.
enum ImagePlace {
  /// The role a path gives; `nil` where it is no known place of an image.
  static func role(of path: FilePath) -> ImageRole? {
    let parts = path.components.map { RawArgument.text(of: $0.bytes) }
    switch parts.count {
    case 1 where parts[0].hasSuffix(".squashfs"): return fileRole(parts[0])
    case 2 where parts[0] == "cOS" && (parts[1].hasSuffix(".img") || parts[1].hasSuffix(".squashfs")):
      return fileRole(parts[1])
    case 2 where parts[0] == "boot" && (parts[1] == "recovery.img" || parts[1] == "recovery.squashfs"):
      return .recovery
    case 3 where parts[0] == ".snapshots" && parts[2] == "snapshot.img":
      return .snapshot
    default: return nil
    }
  }

  private static func fileRole(_ name: String) -> ImageRole {
    switch name {
    case "active.img": .active
    case "passive.img": .passive
    case "transition.img", "transition.squashfs": .transition
    case "recovery.img", "recovery.squashfs": .recovery
    default: .other
    }
  }

  /// Files an upgrade removes or renames when it ends.
  static func isLeftoverFile(_ path: FilePath) -> Bool {
    ["cOS/transition.img", "cOS/transition.squashfs", "transition.squashfs"].contains { path == $0 }
  }

  /// Directories an upgrade removes or renames when it ends.
  static func isLeftoverDirectory(_ path: FilePath) -> Bool {
    let parts = path.components.map { RawArgument.text(of: $0.bytes) }
    switch parts.count {
    case 1: return ["boot-transition", "boot-old"].contains(parts[0])
    case 2: return parts[0] == "cOS" && parts[1].hasSuffix(".imgTree") || parts == ["boot", "recovery.imgTree"]
    case 3: return parts[0] == ".snapshots" && parts[2] == "snapshot.workDir"
    default: return false
    }
  }
}
