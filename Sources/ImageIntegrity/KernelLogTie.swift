import SpaceModel

/// How surely an attachment in a kernel log was a given image.
public enum KernelLogTie: Sendable, Hashable, Comparable {
  /// The log shows that it was another.
  case other
  /// The log does not say what was attached.
  case possible
  /// The size is the image's; active and passive may both have it.
  case capacity
  /// The UUID of the filesystem inside is the image's.
  case filesystem
}

extension KernelLog.Attachment {
  /// - Parameters:
  ///   - apparentBytes: The image's size.
  ///   - filesystemUUID: Of the filesystem inside, as text with dashes; `nil` where it is not known.
  public func tie(toImageOf apparentBytes: ByteCount, filesystemUUID: String?) -> KernelLogTie {
    if let mine = self.filesystemUUID, let filesystemUUID {
      return mine == filesystemUUID.lowercased() ? .filesystem : .other
    }
    guard let capacityBytes else {
      // A write beyond its end was not to it.
      return (writeErrors.last?.end ?? 0) > UInt64(clamping: apparentBytes.bytes) ? .other : .possible
    }
    // A loop device ends with its last whole sector.
    return capacityBytes.bytes == apparentBytes.bytes / 512 * 512 ? .capacity : .other
  }
}
