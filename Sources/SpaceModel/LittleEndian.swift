/// Little-endian numbers in records that lie in memory as they lie on a disk.
extension UnsafeRawBufferPointer {
  /// One of two bytes.
  ///
  /// - Precondition: It lies inside.
  @inlinable
  public func half(_ offset: Int) -> UInt16 {
    UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// One of four bytes, likewise.
  @inlinable
  public func word(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}

extension [UInt8] {
  /// A little-endian number of two bytes.
  ///
  /// - Precondition: It lies inside.
  @inlinable
  public func half(_ offset: Int) -> UInt16 {
    // A buffer checks it in debug builds only.
    precondition(offset >= 0 && offset + 2 <= count)
    return withUnsafeBytes { $0.half(offset) }
  }

  /// One of four bytes, likewise.
  @inlinable
  public func word(_ offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset + 4 <= count)
    return withUnsafeBytes { $0.word(offset) }
  }
}
