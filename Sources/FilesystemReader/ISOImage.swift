import CISO9660
import LinuxStorage
import SpaceModel

/// An ISO 9660 image, read where it lies: its descriptors and directories, and of a file the place alone.
///
/// Names are those of Rock Ridge where there are any, else Joliet's, else the standard's in lower case. libiso9660 takes
/// the structures apart; the bytes come from a ``ByteSource``, because its own reader opens the path again, changes the
/// access time and follows what a damaged image says out of its buffers.
public final class ISOImage {
  /// A regular file.
  public struct File: Hashable, Sendable {
    /// From the image's root, without a leading slash.
    public var path: FilePath
    /// Where its bytes lie in the image; they follow one another also where the file is larger than 4 GiB.
    public var range: ByteRange
  }

  public let source: any ByteSource
  /// All files, in the order of the directories.
  public let files: [File]

  static let operation = "read the ISO image"

  /// - Throws: ``StorageError``: `.unsupported` where it is no ISO 9660 image, `.corrupt` or `.truncated` where its
  ///   directories cannot be read.
  public init(_ source: any ByteSource) throws(StorageError) {
    self.source = source
    _ = ISODirectory.silence
    let volumes = try Volume.all(of: source)
    guard let primary = volumes.first(where: { !$0.isJoliet }) else {
      throw StorageError(
        .unsupported, operation: Self.operation, path: source.path, message: "it holds no ISO 9660 filesystem")
    }
    var walk = Walk(source, primary)
    try walk.run()
    if !walk.hasRockRidgeNames, let joliet = volumes.first(where: \.isJoliet) {
      walk = Walk(source, joliet)
      try walk.run()
    }
    files = walk.files
  }

  /// A file by its path; names are compared without regard to case, as few writers keep it.
  public func file(_ path: String) -> File? {
    files.first { $0.path.utf8?.lowercased() == path.lowercased() }
  }

  /// The bytes of a file, in place.
  ///
  /// - Throws: ``StorageError`` `.truncated` where the image ends before the file does.
  public func open(_ file: File) throws(StorageError) -> SourceSlice {
    let path = source.path.appending(file.path)
    guard file.range.end <= source.size else {
      throw StorageError(
        .truncated, operation: Self.operation, path: source.path,
        message: "it is cut off: '\(file.path.display)' ends at byte \(file.range.end), the image at \(source.size)",
        hint: "Copy it again, and compare it with its published checksum.")
    }
    return SourceSlice(of: source, range: file.range, path: path)
  }

  fileprivate static func corrupt(_ message: String, _ source: any ByteSource) -> StorageError {
    StorageError(
      .corrupt, operation: operation, path: source.path, message: message,
      hint: "Compare it with its published checksum, and get it again.")
  }
}

/// A volume descriptor's view of the image.
private struct Volume {
  var isJoliet: Bool
  var blockSize: UInt64
  var rootBlock: UInt64
  var rootLength: UInt64

  /// Descriptors begin at sector 16 (ECMA-119 §6.7.1); the set ends with one of type 255.
  static func all(of source: any ByteSource) throws(StorageError) -> [Volume] {
    var volumes: [Volume] = []
    for sector in UInt64(16)..<64 {
      let bytes = try source.bytes(at: sector * 2048, count: 2048)
      guard bytes.count == 2048, bytes[1..<6].elementsEqual("CD001".utf8), bytes[0] != 255 else { break }
      // 1: primary; 2: supplementary, Joliet by its escape sequence.
      let isJoliet = bytes[0] == 2 && bytes[88] == 0x25 && bytes[89] == 0x2F && [0x40, 0x43, 0x45].contains(bytes[90])
      guard bytes[0] == 1 || isJoliet else { continue }
      let block = UInt64(bytes[128]) | UInt64(bytes[129]) << 8
      guard [512, 1024, 2048].contains(block) else {
        throw ISOImage.corrupt("its block size is \(block)", source)
      }
      volumes.append(
        Volume(
          isJoliet: isJoliet, blockSize: block, rootBlock: ISODirectory.number(bytes, at: 156 + 2),
          rootLength: ISODirectory.number(bytes, at: 156 + 10)))
    }
    return volumes
  }
}

/// Visits all directories of a volume once.
private struct Walk {
  let source: any ByteSource
  let volume: Volume
  var files: [ISOImage.File] = []
  var hasRockRidgeNames = false
  private var bytesLeft: UInt64 = 64 << 20
  private var allowance = WalkAllowance()

  init(_ source: any ByteSource, _ volume: Volume) {
    self.source = source
    self.volume = volume
  }

  mutating func run() throws(StorageError) {
    var stack: [(path: FilePath, block: UInt64, length: UInt64)] = [("", volume.rootBlock, volume.rootLength)]
    var seen: Set<UInt64> = [volume.rootBlock]
    while let (path, block, length) = stack.popLast() {
      guard length <= bytesLeft else { throw ISOImage.corrupt("its directories are too large", source) }
      allowance.giveBack(path)
      bytesLeft -= length
      let bytes = try source.bytes(at: block * volume.blockSize, count: Int(length))
      guard bytes.count == Int(length) else {
        throw StorageError(
          .truncated, operation: ISOImage.operation, path: source.path, message: "it ends before its directories do",
          hint: "Copy it again.")
      }
      let records = ISODirectory.records(bytes, blockSize: Int(volume.blockSize), isJoliet: volume.isJoliet)
      if records.contains(where: \.hasRockRidgeName) { hasRockRidgeNames = true }
      for record in records where record.isDirectory && seen.insert(record.block).inserted {
        let below = path.appending(record.name)
        if let excess = allowance.excess(ofPath: below) { throw ISOImage.corrupt(excess, source) }
        stack.append((below, record.block, record.length))
      }
      try addFiles(records, below: path)
    }
  }

  /// Joins the records of one file. One whose parts do not follow one another is left out: no writer makes such.
  private mutating func addFiles(_ records: [ISODirectory.Record], below path: FilePath) throws(StorageError) {
    var open: (name: FilePath, range: ByteRange)?
    var isSkipping = false
    for record in records where !record.isDirectory {
      let start = record.block * volume.blockSize
      if let current = open, current.name == record.name {
        if start == current.range.expanded(toMultipleOf: volume.blockSize).end {
          open?.range = ByteRange(start: current.range.start, end: start + record.length)
        } else {
          isSkipping = true
        }
      } else {
        open = (record.name, ByteRange(start: start, length: record.length))
        isSkipping = false
      }
      if record.isInterleaved { isSkipping = true }
      if !record.isContinued {
        if let file = open, !isSkipping {
          let full = path.appending(file.name)
          if let excess = allowance.excess(ofPath: full) { throw ISOImage.corrupt(excess, source) }
          files.append(ISOImage.File(path: full, range: file.range))
        }
        open = nil
      }
    }
  }
}
