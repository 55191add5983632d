import CLinuxStorage
import Glibc
import SpaceModel

extension NewFile {
  /// Takes over owner, mode, extended attributes (POSIX ACLs and the SELinux label among them) and times.
  ///
  /// - Returns: What could not be kept, a word each: not everybody may give a file away or set `trusted.` and `security.`
  ///   attributes, and not every filesystem has them.
  /// - Throws: ``StorageError`` for any other failure: no space for attributes, a read error.
  public func takeAttributes(of source: ReadOnlyFile) throws(StorageError) -> [String] {
    var lost: [String] = []
    let status = try source.status()
    if fchown(descriptor, status.owner, status.group) != 0 {
      guard Self.isRefusal(errno) else { throw WriteFailure.error(path, "fchown", errno) }
      lost.append("owner")
    }
    // After the owner: a change of that takes set-user-ID bits and capabilities away.
    if fchmod(descriptor, status.mode & 0o7777) != 0 {
      guard Self.isRefusal(errno) else { throw WriteFailure.error(path, "fchmod", errno) }
      lost.append("mode")
    }
    lost += try takeExtendedAttributes(of: source)
    let result = cls_copy_times(source.descriptor, descriptor)
    if result != 0 {
      guard Self.isRefusal(-result) else { throw WriteFailure.error(path, "futimens", -result) }
      lost.append("times")
    }
    return lost
  }

  private static func isRefusal(_ code: Int32) -> Bool { [EPERM, EACCES, EOPNOTSUPP, EINVAL].contains(code) }

  private func takeExtendedAttributes(of source: ReadOnlyFile) throws(StorageError) -> [String] {
    var lost: [String] = []
    let names = try Self.names(source.descriptor, source.path)
    for name in names {
      let value = try Self.read(source.path, "fgetxattr") { room, length in
        withCPath(name) { cls_get_file_attribute(source.descriptor, $0, room, length) }
      }
      guard let value else { continue }
      let result = withCPath(name) { cls_set_file_attribute(descriptor, $0, value, value.count) }
      guard result != 0 else { continue }
      guard Self.isRefusal(-result) else { throw WriteFailure.error(path, "fsetxattr", -result) }
      lost.append(name.display)
    }
    // A directory hands its default ACL on to what is made in it.
    for name in try Self.names(descriptor, path) where name.hasPrefix("system.posix_acl_") && !names.contains(name) {
      _ = withCPath(name) { cls_remove_file_attribute(descriptor, $0) }
    }
    return lost
  }

  private static func names(_ descriptor: Int32, _ path: FilePath) throws(StorageError) -> [FilePath] {
    let list = try read(path, "flistxattr") { room, length in cls_list_file_attributes(descriptor, room, length) }
    return (list ?? []).split(separator: 0).map { FilePath(bytes: $0) }.sorted()
  }

  /// Asks without room first, then with what it takes, which may have grown meanwhile.
  private static func read(
    _ path: FilePath, _ call: String, _ body: (UnsafeMutablePointer<CChar>?, Int) -> Int64
  ) throws(StorageError) -> [UInt8]? {
    for _ in 0..<8 {
      let length = body(nil, 0)
      if length == 0 { return [] }
      var buffer = [CChar](repeating: 0, count: Int(clamping: max(0, length)))
      let got =
        length < 0 ? length : buffer.withUnsafeMutableBufferPointer { body($0.baseAddress, $0.count) }
      if got >= 0 { return buffer.prefix(Int(got)).map { UInt8(bitPattern: $0) } }
      switch Int32(clamping: -got) {
      case ERANGE: continue
      case ENODATA, EOPNOTSUPP: return nil
      case let code:
        throw SystemCallTable.error(operation: "read the attributes of", path: path, call: call, errno: code)
      }
    }
    throw StorageError(
      .changed, operation: "read the attributes of", path: path, message: "they change while they are read")
  }
}
