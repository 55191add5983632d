import LinuxStorage
import SpaceModel

extension ISOImage {
  /// Where installers keep the root filesystem: Harvester, Elemental and Kairos; dracut's live images; Debian's and
  /// Ubuntu's.
  static let knownPlaces = [
    "rootfs.squashfs", "LiveOS/squashfs.img", "LiveOS/rootfs.img", "rootfs.img", "live/filesystem.squashfs",
    "casper/filesystem.squashfs",
  ]

  /// The root filesystem in the image: in one of the known places, else the largest `*.squashfs`, else the largest file
  /// that is a squashfs or ext filesystem by its content.
  ///
  /// - Throws: ``StorageError`` `.notFound` where there is none, with what was looked for.
  public func rootFilesystem() throws(StorageError) -> SourceSlice {
    for place in Self.knownPlaces {
      if let file = file(place), let found = try rootFilesystem(in: file) { return found }
    }
    let largestFirst = files.sorted { ($1.range.length, $0.path) < ($0.range.length, $1.path) }
    let isNamed = { (file: File) in file.path.utf8?.lowercased().hasSuffix(".squashfs") ?? false }
    for file in largestFirst.filter(isNamed) + largestFirst.filter({ !isNamed($0) }) {
      // Smaller than any system's tree, and an ISO may hold thousands of files.
      guard file.range.length >= 1 << 10 else { continue }
      if let found = try rootFilesystem(in: file) { return found }
    }
    throw StorageError(
      .notFound, operation: "find the root filesystem in", path: source.path,
      message: "none of its \(files.count) files holds a squashfs or ext filesystem; looked for "
        + Self.knownPlaces.joined(separator: ", ") + ", *.squashfs and others by content",
      hint: "Give the ISO of the system itself, or its root filesystem as a squashfs or a directory.")
  }

  private func rootFilesystem(in file: File) throws(StorageError) -> SourceSlice? {
    // Only the start must be there to know what it is; that all of it is there is asked of the one that is taken.
    let start = SourceSlice(of: source, range: file.range, path: source.path.appending(file.path))
    guard let type = try ContentSignature.type(of: start), type == "squashfs" || type == "ext" else { return nil }
    return try open(file)
  }

  /// The start of a file; `nil` where there is none.
  public func smallFile(_ path: String, limit: Int) throws(StorageError) -> [UInt8]? {
    guard let file = file(path) else { return nil }
    return try open(file).bytes(at: 0, count: Int(min(file.range.length, UInt64(max(0, limit)))))
  }
}
