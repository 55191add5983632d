import CLinuxStorage

/// What the allocator does with memory that was freed. It counts for the whole process, so a program decides it, not a
/// library.
public enum FreedMemory {
  /// How much the heap keeps, in bytes.
  static let keptBytes: Int32 = 4 << 20

  /// Keeps a little of it for what is allocated next, instead of giving it back to the kernel each time.
  ///
  /// libblkid takes and frees buffers of 256 KiB several times for each partition. Given back, every page of them is
  /// mapped and cleared again: a fifth of the time a quick audit takes.
  public static func keep() {
    // Where the allocator does not know these settings, it only takes longer.
    _ = cls_keep_freed_memory(keptBytes)
  }
}
