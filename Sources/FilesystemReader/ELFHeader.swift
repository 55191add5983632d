/// The header of an ELF file (elf(5)), as far as it tells which machine runs it.
enum ELFHeader {
  /// Bytes of a file that are enough to tell.
  static let length = 20

  /// As uname(2)'s `machine` has it; `nil` for no ELF file, or a machine this does not know.
  static func architecture(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= length, Array(bytes[..<4]) == [0x7F, 0x45, 0x4C, 0x46] else { return nil }
    // EI_CLASS, EI_DATA: 64 bits, little-endian.
    let is64 = bytes[4] == 2
    let isLittle = bytes[5] == 1
    let machine = isLittle ? UInt16(bytes[19]) << 8 | UInt16(bytes[18]) : UInt16(bytes[18]) << 8 | UInt16(bytes[19])
    switch machine {
    case 3: return "i686"
    case 8: return is64 ? "mips64" : "mips"
    case 21: return isLittle ? "ppc64le" : "ppc64"
    case 22: return is64 ? "s390x" : "s390"
    case 40: return "armv7l"
    case 62: return is64 ? "x86_64" : nil
    case 183: return "aarch64"
    case 243: return is64 ? "riscv64" : "riscv32"
    case 258: return is64 ? "loongarch64" : nil
    default: return nil
    }
  }
}
