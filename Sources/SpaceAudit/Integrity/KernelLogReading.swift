import ImageIntegrity
import LinuxStorage
import SpaceModel

extension KernelLog {
  /// Reads a log that was saved: by dmesg, by journalctl -k, or rsyslog's kernel.log.
  ///
  /// - Throws: ``StorageError`` where it cannot be read; `.unsupported` where it is packed or a journal's own file, with
  ///   what to do; `.wrongType` where no line of it is a kernel log's.
  public init(contentsOf path: FilePath) throws(StorageError) {
    self.init()
    let file = try FileSource(ReadOnlyFile.open(path, expecting: .regularFile, operation: "read the kernel log"))
    if let form = Self.foreignForm(try file.bytes(at: 0, count: 8)) {
      throw StorageError(
        .unsupported, operation: "read the kernel log", path: path, message: "it is \(form.name), not text",
        hint: form.hint)
    }
    var offset: UInt64 = 0
    var rest: [UInt8] = []
    // A file that grows is read as far as it was when it was opened.
    while offset < file.size {
      let piece = try file.bytes(at: offset, count: Int(min(1 << 20, file.size - offset)))
      guard !piece.isEmpty else { break }
      offset += UInt64(piece.count)
      addLines(of: piece[...], &rest)
    }
    add(line: rest)
    finish()
    guard isRecognised else {
      throw StorageError(
        .wrongType, operation: "read the kernel log", path: path, message: "no line of a kernel log is in it",
        hint: "Give what dmesg or journalctl -k printed, unpacked.")
    }
  }

  /// Reads the running kernel's log.
  ///
  /// - Throws: ``StorageError`` as ``KernelLogDevice/forEachLine(_:)`` does.
  public static func running() throws(StorageError) -> KernelLog {
    var log = KernelLog()
    try KernelLogDevice.forEachLine { log.add(line: $0) }
    log.finish()
    return log
  }

  /// - Parameter rest: The line that is not ended yet.
  private mutating func addLines(of piece: ArraySlice<UInt8>, _ rest: inout [UInt8]) {
    var piece = piece
    while let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
      var line = piece[..<end]
      if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
      if rest.isEmpty {
        add(line: line)
      } else {
        add(line: rest + line)
        rest = []
      }
      piece = piece[(end + 1)...]
    }
    // What has no end of line for so long is no log; the start of it is kept so that it is not taken for a line.
    rest += piece.prefix(max(0, 4096 - rest.count))
  }

  private static func foreignForm(_ head: [UInt8]) -> (name: String, hint: String)? {
    switch head {
    case _ where head.starts(with: [0x1F, 0x8B]): ("packed by gzip", "Unpack it with zcat.")
    case _ where head.starts(with: [0xFD, 0x37, 0x7A]): ("packed by xz", "Unpack it with xzcat.")
    case _ where head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]): ("packed by zstd", "Unpack it with zstdcat.")
    case _ where head.starts(with: "LPKSHHRH".utf8):
      ("a file of the journal", "Print it with journalctl -k --file FILE.")
    default: nil
    }
  }
}
