import SpaceModel

/// Bytes that can be read at any offset: a file, a device, a partition inside a disk image, a file inside an
/// unmounted filesystem.
public protocol ByteSource: AnyObject, Sendable {
  /// For error texts.
  var path: FilePath { get }
  /// Where the bytes end.
  var size: UInt64 { get }
  /// Fills `buffer` from `offset` on; holes read as zeros.
  ///
  /// - Returns: The number of bytes read; less than asked for only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int
  /// The same, leaving the page cache as it was; for reading all of a large source.
  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int
  /// Says that small pieces, ascending and apart, will be read soon, so that the reads need not wait for one another.
  /// Nothing need come of it; what does comes into the page cache.
  func willRead(_ ranges: [ByteRange])
}

extension ByteSource {
  public func willRead(_ ranges: [ByteRange]) {}

  /// Up to `count` bytes from `offset` on; fewer at the end. For small pieces such as superblocks.
  public func bytes(at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.removeLast(count - (try fill(&bytes, at: offset)))
    return bytes
  }

  /// Reads into `bytes` from `offset` on; what lies behind the end stays as it was.
  ///
  /// - Returns: The number of bytes read; less than there is room for only at the end.
  public func fill(_ bytes: inout [UInt8], at offset: UInt64) throws(StorageError) -> Int {
    let outcome = bytes.withUnsafeMutableBytes { buffer -> Result<Int, StorageError> in
      do throws(StorageError) { return .success(try read(into: buffer, at: offset)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}

/// A whole file or device.
public final class FileSource: ByteSource {
  public let file: ReadOnlyFile
  public let size: UInt64
  private let quiet: QuietReader
  public var path: FilePath { file.path }

  public init(_ file: ReadOnlyFile) throws(StorageError) {
    self.file = file
    size = try file.status().size
    quiet = QuietReader(file, size: size)
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try file.read(into: buffer, at: offset)
  }

  public func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try quiet.read(into: buffer, at: offset)
  }

  public func willRead(_ ranges: [ByteRange]) { file.willRead(ranges) }
}

/// A part of another source, such as a partition of a disk image.
public final class SourceSlice: ByteSource {
  public let base: any ByteSource
  public let range: ByteRange
  public let path: FilePath
  public var size: UInt64 { range.length }

  public init(of base: any ByteSource, range: ByteRange, path: FilePath) {
    self.base = base
    self.range = range
    self.path = path
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard offset < size else { return 0 }
    return try base.read(into: within(buffer, offset), at: range.start + offset)
  }

  public func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    guard offset < size else { return 0 }
    return try base.readQuietly(into: within(buffer, offset), at: range.start + offset)
  }

  public func willRead(_ ranges: [ByteRange]) {
    let whole = ByteRange(start: 0, end: size)
    base.willRead(
      ranges.compactMap { $0.intersection(whole) }
        .map { ByteRange(start: range.start + $0.start, length: $0.length) })
  }

  /// The part of `buffer` that the slice can fill.
  private func within(_ buffer: UnsafeMutableRawBufferPointer, _ offset: UInt64) -> UnsafeMutableRawBufferPointer {
    let count = Int(min(UInt64(buffer.count), size - offset))
    return UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
  }
}
