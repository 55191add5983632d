import SpaceModel

/// A line of the kernel's log that says something of writes to a loop device.
enum KernelLogMessage: Hashable {
  /// The machine was started: what was attached before is not any more.
  case boot
  /// `loop0: detected capacity change from 0 to 6291456`, in sectors.
  case attached(device: String, sectors: UInt64)
  /// `EXT4-fs (loop0): mounted filesystem …`; the UUID since 6.3.
  case mounted(device: String, uuid: String?)
  /// `loop: Write error at byte offset N, length L.`, which names no device.
  case loopWriteError(ByteRange)
  /// `I/O error, dev loop0, sector N op 0x1:(WRITE)` and `critical space allocation error`, in sectors.
  case requestFailed(device: String, sector: UInt64)
  /// `ext4_end_bio: I/O error 3 writing to inode 12 starting block 345`, in blocks of the filesystem.
  ///
  /// When the line is written the request has moved on to its end, so the block it names is the one behind what was lost;
  /// this is the last that was.
  case inodeWriteFailed(device: String, inode: UInt64, lastBlock: UInt64?)
  /// `Buffer I/O error on dev loop0, logical block N, lost async page write`, in blocks of the filesystem.
  case bufferLost(device: String, block: UInt64)

  /// - Parameter text: Without the time in front.
  init?(_ text: Substring) {
    var text = text
    if text.hasPrefix("Linux version ") {
      self = .boot
      return
    }
    // Up to 5.17 the block layer put its function's name in front.
    for prefix in ["blk_update_request: ", "print_req_error: ", "blk_print_req_error: "] where text.hasPrefix(prefix) {
      text = text.dropFirst(prefix.count)
    }
    if let found = Self.loop(text) ?? Self.request(text) ?? Self.buffer(text) ?? Self.filesystem(text) {
      self = found
      return
    }
    return nil
  }

  private static func loop(_ text: Substring) -> KernelLogMessage? {
    if let rest = text.after("loop: Write error at byte offset ") {
      guard let offset = rest.leadingNumber, let length = rest.after(anywhere: ", length ")?.leadingNumber,
        length <= 1 << 40
      else { return nil }
      return .loopWriteError(ByteRange(start: offset, length: length))
    }
    guard let device = text.leadingLoopDevice,
      let rest = text.dropFirst(device.utf8.count).after(": detected capacity change from "), rest.leadingNumber != nil,
      let sectors = rest.after(anywhere: " to ")?.leadingNumber
    else { return nil }
    return .attached(device: device, sectors: sectors)
  }

  private static func request(_ text: Substring) -> KernelLogMessage? {
    let isSpace = text.hasPrefix("critical space allocation error, dev ")
    guard isSpace || text.hasPrefix("I/O error, dev ") || text.hasPrefix("critical target error, dev "),
      let rest = text.after(anywhere: ", dev "), let device = rest.leadingLoopDevice,
      let sector = rest.after(anywhere: ", sector ")?.leadingNumber
    else { return nil }
    // What failed is a write where the line says so (since 5.1). Only writes lack space.
    if let operation = rest.after(anywhere: " op 0x") {
      guard operation.contains(":(WRITE)") else { return nil }
    } else if !isSpace {
      return nil
    }
    return .requestFailed(device: device, sector: sector)
  }

  private static func buffer(_ text: Substring) -> KernelLogMessage? {
    guard
      let rest = text.after("Buffer I/O error on dev ") ?? text.after("Buffer I/O error on device "),
      let device = rest.leadingLoopDevice, let block = rest.after(anywhere: ", logical block ")?.leadingNumber,
      !rest.contains("read")
    else { return nil }
    return .bufferLost(device: device, block: block)
  }

  private static func filesystem(_ text: Substring) -> KernelLogMessage? {
    for name in ["EXT4-fs", "EXT3-fs", "EXT2-fs"] {
      if let rest = text.after("\(name) ("), let device = rest.leadingLoopDevice,
        let what = rest.after(anywhere: "): mounted filesystem ")
      {
        let word = what.prefix { $0 != " " }
        let isUUID = word.count == 36 && word.filter { $0 == "-" }.count == 4
        return .mounted(device: device, uuid: isUUID ? word.lowercased() : nil)
      }
      if let rest = text.after("\(name) warning (device "), let device = rest.leadingLoopDevice,
        rest.contains("ext4_end_bio:"), let what = rest.after(anywhere: "writing to inode "),
        let inode = what.leadingNumber
      {
        let behind = what.after(anywhere: "starting block ")?.leadingNumber
        return .inodeWriteFailed(
          device: device, inode: inode, lastBlock: behind.flatMap { $0 > 0 ? $0 - 1 : nil })
      }
    }
    return nil
  }
}

extension Substring {
  /// What follows a beginning; `nil` where the text does not begin so.
  fileprivate func after(_ prefix: String) -> Substring? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }

  /// What follows the first place of a text; `nil` where there is none.
  fileprivate func after(anywhere text: String) -> Substring? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(text) { return self[at...].dropFirst(text.count) }
      at = index(after: at)
    }
    return nil
  }

  fileprivate var leadingNumber: UInt64? { UInt64(prefix { $0.isASCII && $0.isNumber }) }

  /// `loop0`, `loop12`; nothing longer than the kernel makes.
  fileprivate var leadingLoopDevice: String? {
    guard hasPrefix("loop") else { return nil }
    let digits = dropFirst(4).prefix { $0.isASCII && $0.isNumber }
    return digits.isEmpty || digits.count > 7 ? nil : "loop" + digits
  }
}
