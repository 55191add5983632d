import SpaceModel

/// Finds names again in texts that were made of them.
///
/// A text shows a path as it is, escaped for a terminal, or quoted for a shell, so each name is looked for in all three
/// forms, longest first, and only where it is no part of a longer word.
struct RedactedWords {
  private var replacements: [[UInt8]: [UInt8]] = [:]
  private var lengths: Set<Int> = []

  /// - Parameter redacted: What takes its place; nothing is done where that is the same.
  mutating func add(_ path: FilePath, _ redacted: FilePath) {
    guard path != redacted, !path.bytes.isEmpty else { return }
    var quoted = Array(RawArgument.bytes(of: ShellQuote.quoted(path)))
    if quoted.starts(with: "$".utf8) { quoted.removeFirst() }
    if quoted.first == UInt8(ascii: "'") { quoted = Array(quoted.dropFirst().dropLast()) }
    for form in [path.bytes, RawArgument.bytes(of: path.display), quoted] {
      replacements[form] = redacted.bytes
      lengths.insert(form.count)
    }
  }

  /// The same for a path that is known only as texts show it.
  mutating func add(shown text: String, _ redacted: String) {
    let form = RawArgument.bytes(of: text)
    guard text != redacted, !form.isEmpty else { return }
    replacements[form] = RawArgument.bytes(of: redacted)
    lengths.insert(form.count)
  }

  func replacing(in text: String) -> String {
    let bytes = RawArgument.bytes(of: text)
    let lengths = lengths.sorted(by: >)
    var out: [UInt8] = []
    var index = 0
    scan: while index < bytes.count {
      if Self.isBoundary(before: index, in: bytes) {
        for length in lengths where index + length <= bytes.count {
          let end = index + length
          if Self.isBoundary(behind: end, in: bytes), let redacted = replacements[Array(bytes[index..<end])] {
            out += redacted
            index = end
            continue scan
          }
        }
      }
      out.append(bytes[index])
      index += 1
    }
    return RawArgument.text(of: out)
  }

  /// Words that end as an image's name does: they are none of the report's own paths, but may be a file that is
  /// mentioned.
  func replacingImageNames(in text: String) -> String {
    var out: [UInt8] = []
    var word: [UInt8] = []
    func flush() {
      let dots = word.reversed().prefix { $0 == UInt8(ascii: ".") }.count
      let name = FilePath(bytes: word.dropLast(dots))
      let isImage = Self.suffixes.contains { name.hasSuffix($0) && name.lastComponent.bytes.count > $0.utf8.count }
      out += isImage ? NameRedaction.image(name).bytes + word.suffix(dots) : word
      word = []
    }
    for byte in RawArgument.bytes(of: text) {
      if byte <= 0x20 || "'\"(),;:|<>=`".utf8.contains(byte) {
        flush()
        out.append(byte)
      } else {
        word.append(byte)
      }
    }
    flush()
    return RawArgument.text(of: out)
  }

  /// Paths in single quotation marks, as errors name them; devices and the kernel's own stay. What does not begin with a
  /// slash is a path where it has one and no blank, which commands have.
  static func replacingQuotedPaths(in text: String) -> String {
    let bytes = RawArgument.bytes(of: text)
    let mark = UInt8(ascii: "'")
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
      out.append(bytes[index])
      index += 1
      guard bytes[index - 1] == mark, isBoundary(before: index - 1, in: bytes), index < bytes.count,
        let end = bytes[index...].firstIndex(of: mark), isPath(bytes[index..<end])
      else { continue }
      out += NameRedaction.device(FilePath(bytes: bytes[index..<end]), orImage: true).bytes
      index = end
      // The closing mark opens nothing.
      out.append(mark)
      index += 1
    }
    return RawArgument.text(of: out)
  }

  private static func isPath(_ quoted: ArraySlice<UInt8>) -> Bool {
    let slash = UInt8(ascii: "/")
    return quoted.first == slash || (quoted.contains(slash) && !quoted.contains(UInt8(ascii: " ")))
  }

  private static let suffixes = [
    ".img", ".imgTree", ".raw", ".iso", ".squashfs", ".squash", ".qcow2", ".vmdk", ".vhd", ".ext2", ".ext4",
  ]

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF, UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  private static func isBoundary(before index: Int, in bytes: [UInt8]) -> Bool {
    guard index > 0 else { return true }
    let byte = bytes[index - 1]
    if byte == UInt8(ascii: ".") { return index < 2 || !isNameByte(bytes[index - 2]) }
    return !isNameByte(byte)
  }

  private static func isBoundary(behind end: Int, in bytes: [UInt8]) -> Bool {
    guard end < bytes.count else { return true }
    // A full stop ends a sentence, or goes on with a suffix.
    if bytes[end] == UInt8(ascii: ".") { return end + 1 == bytes.count || !isNameByte(bytes[end + 1]) }
    return !isNameByte(bytes[end])
  }
}
