import SpaceModel

/// One way in which an image is not what its payload is.
public struct TreeDifference: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// The bytes differ.
    case contents(ContentDifference)
    /// The image's file is of another size, in bytes.
    case size(ByteCount)
    /// The image has no such name.
    case missing
    /// The name is there, but its inode, block map, or a directory above it cannot be read; with the reason.
    case unreadable(String)
    /// Another kind of file bears the name.
    case kind
    case mode, owner, linkTarget
    /// The extended attributes named here.
    case attributes([String])
  }

  /// In the image, absolute.
  public var path: FilePath
  /// By the payload.
  public var sizeBytes: ByteCount
  public var isFile: Bool
  public var kind: Kind
  /// Why it may have been changed after the copy; `nil`: no known reason.
  public var purpose: String?

  public init(path: FilePath, sizeBytes: ByteCount, isFile: Bool, kind: Kind, purpose: String? = nil) {
    self.path = path
    self.sizeBytes = sizeBytes
    self.isFile = isFile
    self.kind = kind
    self.purpose = purpose
  }

  /// Zeros in place of contents are a lost write whatever the file is.
  public var isDamage: Bool {
    if case .contents(let contents) = kind, contents.zeroBytes > .zero { return true }
    return purpose == nil
  }

  /// As it stands in the report.
  public var file: Integrity.File {
    var file = Integrity.File(path: path, sizeBytes: sizeBytes)
    switch kind {
    case .contents(let contents):
      if contents.zeroBytes > .zero {
        file.lostBytes = contents.zeroBytes
        file.lostRanges = contents.zeroRanges.prefix(64).map { [Int64(clamping: $0.start), Int64(clamping: $0.end)] }
      }
      file.allNul = contents.isAllNul ? true : nil
      file.differs = contents.zeroBytes < contents.differingBytes ? ["contents"] : nil
    case .size: file.differs = ["size"]
    case .missing: file.differs = ["missing"]
    case .unreadable: file.differs = ["unreadable"]
    case .kind: file.differs = ["kind"]
    case .mode: file.differs = ["mode"]
    case .owner: file.differs = ["owner"]
    case .linkTarget: file.differs = ["link-target"]
    case .attributes: file.differs = ["xattr"]
    }
    return file
  }
}

/// How the bytes of two files of one size differ.
public struct ContentDifference: Sendable, Hashable {
  /// The first byte that differs.
  public var firstOffset: UInt64
  /// Bytes that differ.
  public var differingBytes: ByteCount
  /// What lies in ``zeroRanges``.
  public var zeroBytes: ByteCount
  /// Where the image reads as zeros and the payload does not: whole pieces of 1 KiB, the smallest block, cut at the end of
  /// the file. Half-open, ascending, at most ``mostRanges``.
  public var zeroRanges: [ByteRange]
  /// The image's file is zeros from end to end.
  public var isAllNul: Bool
  /// Every byte that differs lies in a piece that is zeros in the payload and not in the image.
  public var isOfPayload = false

  public static let mostRanges = 4096

  public init(
    firstOffset: UInt64, differingBytes: ByteCount, zeroBytes: ByteCount, zeroRanges: [ByteRange], isAllNul: Bool
  ) {
    self.firstOffset = firstOffset
    self.differingBytes = differingBytes
    self.zeroBytes = zeroBytes
    self.zeroRanges = zeroRanges
    self.isAllNul = isAllNul
  }
}

/// What comparing an image with its payload found.
public struct TreeComparisonResult: Sendable, Hashable {
  /// Damage, by path; one entry a kind of difference.
  public var differences: [TreeDifference] = []
  /// What tools and hooks may have changed after the copy, with the reasons.
  public var changedOnPurpose: [TreeDifference] = []
  /// Regular files of the payload that the image must hold.
  public var fileCount: Int64 = 0
  /// Their bytes that were compared.
  public var comparedBytes = ByteCount.zero
  /// Names that the image has and the payload lacks, everything below counted with a directory.
  public var extraNames: Int64 = 0

  /// Files of which only the payload has zeros where the image has data: what a lost write leaves, on the other side.
  public private(set) var payloadZeros: [TreeDifference] = []

  public init() {}

  /// Tells apart what the payload lost, where it may have lost something: an image that was itself written through a
  /// loop device.
  public mutating func setAsideZerosOfPayload() {
    func isOfPayload(_ difference: TreeDifference) -> Bool {
      if case .contents(let contents) = difference.kind { return contents.isOfPayload }
      return false
    }
    payloadZeros = differences.filter(isOfPayload).sorted { $0.path < $1.path }
    differences.removeAll(where: isOfPayload)
  }

  public mutating func add(_ difference: TreeDifference) {
    if difference.isDamage { differences.append(difference) } else { changedOnPurpose.append(difference) }
  }

  public mutating func sort() {
    differences.sort { $0.path < $1.path }
    changedOnPurpose.sort { $0.path < $1.path }
  }

  /// The verdict from this evidence alone; what the payload holds is all that counts.
  public var integrity: Integrity {
    var files: [Integrity.File] = []
    for difference in differences {
      let file = difference.file
      if let last = files.indices.last, files[last].path == file.path {
        files[last].differs = (files[last].differs ?? []) + (file.differs ?? [])
      } else {
        files.append(file)
      }
    }
    var integrity = Integrity(
      state: !differences.isEmpty ? .damaged : payloadZeros.isEmpty ? .clean : .unknown, reason: reason(files.count),
      checked: ["payload"])
    if !files.isEmpty {
      integrity.files = files
      let lost = files.reduce(ByteCount.zero) { $0 + ($1.lostBytes ?? .zero) }
      if lost > .zero { integrity.lostBytes = lost }
    }
    return integrity
  }

  private func reason(_ damaged: Int) -> String {
    let purpose = changedOnPurpose.isEmpty ? "" : "; \(changedOnPurpose.count) more may have been changed on purpose"
    if damaged == 0, let first = payloadZeros.first {
      let others = payloadZeros.count > 1 ? " and \(payloadZeros.count - 1) more" : ""
      return "'\(first.path.display)'\(others) \(payloadZeros.count > 1 ? "read" : "reads") as zeros in the payload "
        + "where the image has data, so it is the payload that is broken."
    }
    return damaged == 0
      ? "All \(fileCount) files of the payload are in it, byte by byte\(purpose)."
      : "\(damaged) of the payload's names \(damaged == 1 ? "is" : "are") not in it as \(damaged == 1 ? "it" : "they") should be\(purpose)."
  }
}
