/// Whether memory holds nothing but zero bytes.
enum ZeroTest {
  /// Looks at every byte: blocks whose only set byte is the last one exist.
  ///
  /// ORs 32 words before each test, which keeps up with memory; comparing each word, or a `SIMD64<UInt8>`, is many
  /// times slower. The first words are tested alone, because most data differs from zero at once.
  static func isZero(_ memory: UnsafeRawBufferPointer) -> Bool {
    guard let base = memory.baseAddress else { return true }
    var offset = 0
    let count = memory.count
    if count >= 16 {
      let head = base.loadUnaligned(as: UInt64.self) | base.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      if head != 0 { return false }
    }
    while offset + 256 <= count {
      var any: UInt64 = 0
      var word = offset
      while word < offset + 256 {
        any |= base.loadUnaligned(fromByteOffset: word, as: UInt64.self)
        any |= base.loadUnaligned(fromByteOffset: word + 8, as: UInt64.self)
        any |= base.loadUnaligned(fromByteOffset: word + 16, as: UInt64.self)
        any |= base.loadUnaligned(fromByteOffset: word + 24, as: UInt64.self)
        word += 32
      }
      if any != 0 { return false }
      offset += 256
    }
    while offset < count {
      if base.load(fromByteOffset: offset, as: UInt8.self) != 0 { return false }
      offset += 1
    }
    return true
  }
}
