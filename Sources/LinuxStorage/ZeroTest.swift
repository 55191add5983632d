import CLinuxStorage

/// Whether memory holds nothing but zero bytes.
public enum ZeroTest {
  /// Looks at every byte: blocks whose only set byte is the last one exist. The first ones are looked at alone, because
  /// most data differs from zero at once.
  public static func isZero(_ memory: UnsafeRawBufferPointer) -> Bool {
    guard let base = memory.baseAddress else { return true }
    return cls_is_zero(base, memory.count) != 0
  }
}
