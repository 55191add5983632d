import CLinuxStorage

/// What the allocator does with memory that was freed. It counts for the whole process, so a program decides it, not a
/// library.
public enum FreedMemory {
  /// How much the heap keeps, in bytes.
  static let keptBytes: Int32 = 4 << 20
  /// From so many bytes on, a block is mapped by itself and given back whole. In the heap, the buffers and arrays of a scan
  /// would leave gaps between what outlives them: of a million extents, as much again as the map.
  static let mappedBytes: Int32 = 512 << 10

  /// Keeps a little of it for what is allocated next, instead of giving it back to the kernel each time.
  ///
  /// libblkid takes and frees buffers of 256 KiB several times for each partition. Given back, every page of them is
  /// mapped and cleared again: a fifth of the time a quick audit takes.
  public static func keep() {
    // Where the allocator does not know these settings, it only takes longer.
    _ = cls_keep_freed_memory(keptBytes, mappedBytes)
  }
}
