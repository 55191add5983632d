import SpaceModel

/// What a finished copy has come to.
public struct CopyResult: Sendable, Hashable {
  /// How the content got there.
  public enum Method: String, Sendable, Hashable {
    /// The filesystem shares the source's blocks (FICLONE).
    case reflink
    /// Data was read and written, holes and zeros left out.
    case sparse
    /// The same, but the kernel or the file server copied some of the data (copy_file_range(2)).
    case copyFileRange = "copy-file-range"
  }

  /// What is known of the copy's content beyond that all was written and synced.
  public struct Verification: Sendable, Hashable {
    /// How each was read: `direct`, `cache-dropped`, or `memory` where it lies on no disk.
    public var source: String
    public var destination: String

    public init(source: String, destination: String) {
      self.source = source
      self.destination = destination
    }
  }

  public var source: FilePath
  public var destination: FilePath
  public var method: Method
  /// Both files' size.
  public var apparentBytes: ByteCount
  /// What was written; 0 with a reflink.
  public var copiedBytes: ByteCount
  /// Holes of the source, which the copy has, too.
  public var holeBytes: ByteCount
  /// What the source has written zeros in and the copy holes.
  public var dugBytes: ByteCount
  /// 512 × `st_blocks` of the source and of the copy.
  public var sourceAllocatedBytes: ByteCount
  public var allocatedBytes: ByteCount
  /// The same of the file that was replaced; `nil` where there was none.
  public var replacedAllocatedBytes: ByteCount?
  /// The new label inside; `nil`: left as it was.
  public var label: String?
  /// `nil`: contents were not compared.
  public var verification: Verification?
  /// Attributes of the source that the copy does not have.
  public var notKept: [String]

  public init(
    source: FilePath, destination: FilePath, method: Method, apparentBytes: ByteCount, copiedBytes: ByteCount,
    holeBytes: ByteCount, dugBytes: ByteCount, sourceAllocatedBytes: ByteCount, allocatedBytes: ByteCount,
    replacedAllocatedBytes: ByteCount? = nil, label: String? = nil, verification: Verification? = nil,
    notKept: [String] = []
  ) {
    self.source = source
    self.destination = destination
    self.method = method
    self.apparentBytes = apparentBytes
    self.copiedBytes = copiedBytes
    self.holeBytes = holeBytes
    self.dugBytes = dugBytes
    self.sourceAllocatedBytes = sourceAllocatedBytes
    self.allocatedBytes = allocatedBytes
    self.replacedAllocatedBytes = replacedAllocatedBytes
    self.label = label
    self.verification = verification
    self.notKept = notKept
  }
}
