/// Text from outside made safe for one line of a terminal.
public enum DisplayText {
  /// Escapes what could move a cursor, end a line or not be shown at all: control characters (C0, DEL, C1), line and
  /// paragraph separators, bidirectional and other invisible format characters, and bytes that are not UTF-8, each as
  /// `\xNN` or `\u{NNNN}`. A backslash stays as it is.
  public static func escaped(_ bytes: some Collection<UInt8>) -> String { escaped(RawArgument.text(of: bytes)) }

  public static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0:
        out += hexadecimal(UInt8(scalar.value))
      case 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
        0xE0000...0xE007F:
        out += "\\u{" + String(scalar.value, radix: 16) + "}"
      default:
        if let byte = RawArgument.byte(of: scalar) {
          out += hexadecimal(byte)
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out
  }

  /// The same, with the text's own line ends.
  public static func escapedLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0)) }.joined(separator: "\n")
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
