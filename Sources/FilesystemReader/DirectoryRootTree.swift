import LinuxStorage
import SpaceModel

/// A root directory as it lies there: an unpacked payload, or the root of a container.
///
/// Goes down by open directories, one name at a time, so no path can be too long and nothing that is swapped meanwhile
/// leads out. Symbolic links are not followed. Other mounts are entered, as rsync without `--one-file-system` does, but
/// never a filesystem that shows the kernel. Access times stay as they are where O_NOATIME is allowed.
public struct DirectoryRootTree: RootTree {
  private let root: ReadOnlyFile

  /// - Throws: ``StorageError`` where there is no such directory or it cannot be opened.
  public init(_ path: FilePath) throws(StorageError) {
    root = try ReadOnlyFile.open(path, expecting: .directory)
  }

  /// How many levels of directories are entered: more than any system has, less than would last for ever.
  static let deepest = 20_000

  public func walk(
    excluding: [FilePath], _ visit: (RootTreeDirectory) throws(StorageError) -> Void
  ) throws(StorageError) {
    var excluded: [Int: Set<[FilePath]>] = [:]
    for path in excluding.map(\.components) { excluded[path.count, default: []].insert(path) }
    let kernelDevices = Self.devtmpfsDevices()

    var descent = DirectoryDescent()
    var directory: ReadOnlyFile? = root
    while let found = directory {
      let status = try found.status()
      let isKernels =
        status.device != descent.deviceAbove
        && (kernelDevices.contains(DeviceNumber(status.device)) || FilesystemStatistics.isKernelInterface(found))
      let entries =
        isKernels
        ? [] : try list(found, without: excluded[descent.names.count + 1] ?? [], below: descent.names)
      try visit(
        RootTreeDirectory(
          path: descent.path, attributes: try AttributeList.attributes(of: nil, in: found), entries: entries))
      guard descent.names.count < Self.deepest else {
        throw StorageError(
          .unsupported, operation: "read the tree of", path: root.path,
          message: "its directories are more than \(Self.deepest) deep")
      }
      descent.enter(found, status, children: entries.filter { $0.kind == .directory }.map(\.name))
      directory = try descent.next()
    }
  }

  private func list(
    _ directory: ReadOnlyFile, without excluded: Set<[FilePath]>, below names: [FilePath]
  ) throws(StorageError) -> [RootTreeEntry] {
    var failure: StorageError?
    let listed: [DirectoryListing.Entry]
    do throws(StorageError) {
      listed = try DirectoryListing.entries(
        of: directory, skipping: { !excluded.isEmpty && excluded.contains(names + [$0]) },
        onFailure: { failure = failure ?? $0 })
    } catch  where error.code == .notFound {
      return []
    }
    if let failure { throw failure }
    var entries: [RootTreeEntry] = []
    entries.reserveCapacity(listed.count)
    for entry in listed {
      let kind = RootTreeEntry.Kind(entry.status.kind)
      entries.append(
        RootTreeEntry(
          name: entry.name, kind: kind, size: kind == .file || kind == .symbolicLink ? entry.status.size : 0,
          attributes: try AttributeList.attributes(of: entry.name, in: directory), inode: entry.status.inode,
          links: kind == .directory ? 1 : Int(clamping: entry.status.links)))
    }
    return entries
  }

  /// statfs(2) cannot tell them from tmpfs, on which a payload may well lie.
  private static func devtmpfsDevices() -> Set<DeviceNumber> {
    Set(Sysroot.ownMountTable().mounts.filter { $0.filesystemType == "devtmpfs" }.map(\.device))
  }

  public func smallFile(_ path: FilePath, limit: Int) throws(StorageError) -> [UInt8]? {
    try RootedLookup(root: root).contents(of: path, limit: limit)
  }
}

extension RootTreeEntry.Kind {
  init(_ kind: FileStatus.Kind) {
    switch kind {
    case .regular: self = .file
    case .directory: self = .directory
    case .symbolicLink: self = .symbolicLink
    case .blockDevice, .other: self = .special
    }
  }
}
