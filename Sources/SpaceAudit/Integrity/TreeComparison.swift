import FilesystemReader
import ImageIntegrity
import SpaceModel

/// Compares what an image holds with the payload it was made from: every regular file, byte by byte.
///
/// Reads only. Memory does not grow with what the files hold: some ten thousand names at a time and two pieces of a
/// mebibyte a worker.
public struct TreeComparison: Sendable {
  public var image: ContentsOrigin
  public var payload: ContentsOrigin
  /// Paths that the copy leaves out, as rsync's anchored `--exclude` does.
  public var excluding: [FilePath]
  /// Modes, owners, targets of symbolic links and extended attributes are compared as well.
  public var comparesAttributes = false
  /// Threads that read; 1 or 2.
  public var workers = 2

  public init(image: ContentsOrigin, payload: ContentsOrigin, excluding: [FilePath]) {
    self.image = image
    self.payload = payload
    self.excluding = excluding
  }

  /// - Parameter progress: Called now and then with the bytes that were compared so far.
  /// - Throws: ``StorageError`` where the payload cannot be read, or the disk under either; `.wrongType` where the payload
  ///   is another system than the image's. What of the image is damaged is part of the result.
  public func run(progress: @Sendable (UInt64) -> Void = { _ in }) throws(StorageError) -> TreeComparisonResult {
    let mine = try image.open()
    let theirs = try payload.open()
    let areKnown = try checkSystems(mine, theirs)
    var (names, common) = (Int64(0), Int64(0))
    var result = TreeComparisonResult()
    var batch = TreeComparisonBatch(image: image, payload: payload, workers: min(2, max(1, workers)))
    let attributes = comparesAttributes ? TreeComparisonAttributes(image: mine, payload: theirs) : nil
    let pairs = PairedContents(
      reference: theirs, subject: mine, excluding: excluding, withAttributes: comparesAttributes)
    try pairs.walk { (entries) throws(StorageError) in
      for pair in entries {
        guard let expected = pair.reference else {
          if pair.path != "/lost+found" { result.extraNames += 1 }
          continue
        }
        if expected.kind == .file { result.fileCount += 1 }
        names += 1
        // What cannot be reached may be there.
        if case .absent = pair.subject {} else { common += 1 }
        if let difference = Self.difference(pair, expected) {
          result.add(difference)
        } else if let found = pair.subject.record {
          attributes?.compare(found, expected, pair.path, &result)
          guard expected.kind == .file, expected.size > 0 else { continue }
          batch.add(
            TreeComparisonBatch.Item(
              path: pair.path, image: found.node, payload: expected.node, size: expected.size, place: expected.place))
        }
      }
      guard batch.isFull else { return }
      try batch.run(&result)
      progress(UInt64(clamping: result.comparedBytes.bytes))
    }
    try batch.run(&result)
    if !areKnown, common < max(names, common + result.extraNames) / Self.leastShare {
      throw StorageError(
        .wrongType, operation: "compare with", path: theirs.path,
        message: "only \(common) of its \(names) names are in the image: it is another system, or none",
        hint: "Give the payload that the image was made from.")
    }
    if case .ext = payload { result.setAsideZerosOfPayload() }
    result.sort()
    return result
  }

  /// Where it is not known what they are, one name in so many must be in both.
  private static let leastShare: Int64 = 10

  /// What can be said without reading either file.
  private static func difference(_ pair: PairedContents.Pair, _ expected: TreeRecord) -> TreeDifference? {
    let kind: TreeDifference.Kind
    switch pair.subject {
    case .absent: kind = .missing
    case .unreachable(let reason): kind = .unreadable(reason)
    case .present(let found):
      if found.kind == nil {
        kind = .unreadable("its inode is lost")
      } else if found.kind != expected.kind {
        kind = .kind
      } else if expected.kind == .file, found.size != expected.size {
        kind = .size(ByteCount(clamping: found.size))
      } else if expected.kind == .symbolicLink, found.linkTarget?.bytes.contains(0) ?? true {
        // A long target lies in a block of its own, which may be lost.
        kind = .unreadable("where it leads is lost")
      } else {
        return nil
      }
    }
    return TreeDifference(
      path: pair.path, sizeBytes: ByteCount(clamping: expected.size), isFile: expected.kind == .file, kind: kind,
      purpose: purpose(kind, pair.path))
  }

  static func purpose(_ kind: TreeDifference.Kind, _ path: FilePath) -> String? {
    // No hook makes an inode unreadable.
    if case .unreadable = kind { return nil }
    return TreeComparisonExceptions.purpose(of: path)
  }

  /// - Throws: ``StorageError`` `.wrongType` where both say what they are and it is not the same. An os-release that was
  ///   lost says nothing.
  /// - Returns: Whether both say what they are.
  private func checkSystems(_ mine: any TreeContents, _ theirs: any TreeContents) throws(StorageError) -> Bool {
    guard let (found, expected) = try Self.releases(mine, theirs) else { return false }
    guard found != expected else { return true }
    func name(_ bytes: [UInt8]) -> String {
      OSRelease.operatingSystem(OSRelease.fields(bytes))?.prettyName ?? "another system"
    }
    let (here, there) = (name(found), name(expected))
    throw StorageError(
      .wrongType, operation: "compare with", path: theirs.path,
      message: here == there ? "it is another build of \(there)" : "it holds \(there), and the image \(here)",
      hint: "Give the payload that the image was made from.")
  }

  /// Both systems' os-release; `nil` where one has none that can be read.
  static func releases(
    _ mine: any TreeContents, _ theirs: any TreeContents
  ) throws(StorageError) -> ([UInt8], [UInt8])? {
    guard let expected = try release(theirs) else { return nil }
    let found: [UInt8]?
    do throws(StorageError) { found = try release(mine) } catch { return nil }
    return found.map { ($0, expected) }
  }

  private static func release(_ tree: any TreeContents) throws(StorageError) -> [UInt8]? {
    var bytes = try tree.smallFile("/etc/os-release", limit: 64 << 10)
    if bytes == nil { bytes = try tree.smallFile("/usr/lib/os-release", limit: 64 << 10) }
    // Cut by a lost block it is no text; then it says nothing.
    guard let bytes, !bytes.isEmpty, !bytes.contains(0) else { return nil }
    return bytes
  }
}
