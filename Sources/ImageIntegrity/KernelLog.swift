import SpaceModel

/// What a kernel's log says of writes to loop devices that failed.
///
/// Lines are taken in the log's order, over any number of boots; everything else in the log is passed over.
public struct KernelLog: Sendable {
  /// A loop device from the moment something was attached to it, with the errors since.
  public struct Attachment: Sendable, Hashable {
    /// `loop0`.
    public var device: String
    /// Of what was attached; `nil` where the log begins later.
    public var capacityBytes: ByteCount?
    /// Of the ext filesystem that was mounted from it (kernels since 6.3 print it), lower case.
    public var filesystemUUID: String?
    /// The first and last error's, as they stand in the log.
    public var firstTime: String?
    public var lastTime: String?
    /// Lines that report an error.
    public var errorCount: Int64 = 0
    /// Writes that failed, byte ranges of the image, half-open, ascending. A request is reported by where it begins only:
    /// those stand for one sector.
    public var writeErrors: [ByteRange] = []
    /// The same in blocks of the filesystem inside.
    public var blocks: [UInt64] = []
    /// Inodes of the filesystem inside whose data was lost.
    public var inodes: [UInt64] = []

    public init(device: String) { self.device = device }

    /// All places that are known, for a filesystem with blocks of so many bytes.
    ///
    /// Part of a request that failed may have been written all the same, and a block may have been written again later:
    /// what is lost now also reads as zeros. And the kernel does not print every error.
    public func lostWrites(blockBytes: UInt64) -> [ByteRange] {
      ByteRange.union(
        writeErrors
          + blocks.map { ByteRange(start: $0.multipliedClamped(by: blockBytes), length: blockBytes) })
    }
  }

  /// With errors, in the order they were attached.
  public private(set) var attachments: [Attachment] = []
  /// Errors were left out, because there were more than are kept.
  public private(set) var isCut = false

  /// Some line was one that a kernel's log may hold, whatever it says.
  public private(set) var isRecognised = false

  /// What is attached now, with errors or not.
  private var current: [String: Attachment] = [:]
  /// `loop: Write error` names no device; the request's line that follows does.
  private var pending: [(range: ByteRange, time: String?)] = []
  private static let limit = 65_536

  public init() {}

  /// Takes the next line, without its end.
  public mutating func add(line bytes: some Collection<UInt8>) {
    guard bytes.count <= Self.longestLine else { return }
    if !isRecognised { isRecognised = KernelLogLine.isOne(String(decoding: bytes, as: UTF8.self)[...]) }
    guard Self.mayMatter(bytes) else { return }
    add(String(decoding: bytes, as: UTF8.self)[...])
  }

  /// No line of those that count is nearly so long.
  static let longestLine = 1024

  /// Spares nearly all lines of a log the work of being read as text.
  private static func mayMatter(_ bytes: some Collection<UInt8>) -> Bool {
    if bytes.starts(with: "-- ".utf8) { return true }
    var rest = bytes[...]
    while let at = rest.firstIndex(where: { $0 == UInt8(ascii: "l") || $0 == UInt8(ascii: "L") }) {
      rest = rest[at...]
      if rest.starts(with: "loop".utf8) || rest.starts(with: "Linux version".utf8) { return true }
      rest = rest.dropFirst()
    }
    return false
  }

  private mutating func add(_ text: Substring) {
    let line = KernelLogLine(text)
    if line.isBoot { return detachAll() }
    guard let message = KernelLogMessage(line.message) else { return }
    switch message {
    case .boot: detachAll()
    case .attached(let device, let sectors):
      settlePending(on: nil)
      close(device)
      guard sectors > 0 else { return }
      var attachment = Attachment(device: device)
      attachment.capacityBytes = ByteCount(clamping: sectors.multipliedClamped(by: 512))
      current[device] = attachment
    case .mounted(let device, let uuid):
      if let uuid { current[device, default: Attachment(device: device)].filesystemUUID = uuid }
    case .loopWriteError(let range):
      if pending.count < Self.limit { pending.append((range, line.time)) } else { isCut = true }
    case .requestFailed(let device, let sector):
      settlePending(on: device)
      let start = sector.multipliedClamped(by: 512)
      note(device, line.time) { $0.writeErrors.append(ByteRange(start: start, length: 512)) }
    case .inodeWriteFailed(let device, let inode, let block):
      note(device, line.time) {
        if $0.inodes.last != inode { $0.inodes.append(inode) }
        if let block { $0.blocks.append(block) }
      }
    case .bufferLost(let device, let block):
      note(device, line.time) { $0.blocks.append(block) }
    }
  }

  /// After the last line.
  public mutating func finish() { detachAll() }

  private mutating func note(_ device: String, _ time: String?, _ body: (inout Attachment) -> Void) {
    var attachment = current[device] ?? Attachment(device: device)
    attachment.errorCount += 1
    attachment.firstTime = attachment.firstTime ?? time
    attachment.lastTime = time ?? attachment.lastTime
    if attachment.writeErrors.count + attachment.blocks.count + attachment.inodes.count < Self.limit {
      body(&attachment)
    } else {
      isCut = true
    }
    current[device] = attachment
  }

  /// - Parameter device: `nil`: the only device that has errors or is attached, if there is but one.
  private mutating func settlePending(on device: String?) {
    guard !pending.isEmpty else { return }
    let failing = current.values.filter { $0.errorCount > 0 }.map(\.device)
    let only = failing.count == 1 ? failing.first : failing.isEmpty && current.count == 1 ? current.keys.first : nil
    let owner = device ?? only ?? "loop"
    let taken = pending
    pending = []
    for (range, time) in taken { note(owner, time) { $0.writeErrors.append(range) } }
  }

  private mutating func close(_ device: String) {
    guard var attachment = current.removeValue(forKey: device), attachment.errorCount > 0 else { return }
    attachment.writeErrors = ByteRange.union(attachment.writeErrors)
    attachment.blocks = Array(Set(attachment.blocks)).sorted()
    attachment.inodes = Array(Set(attachment.inodes)).sorted()
    if attachments.count < 1024 { attachments.append(attachment) } else { isCut = true }
  }

  private mutating func detachAll() {
    settlePending(on: nil)
    for device in current.keys.sorted() { close(device) }
  }
}
