import CLinuxStorage
import Glibc
import SpaceModel

/// The extended attributes of an entry of an open directory, symbolic links not followed.
///
/// The calls take paths only (until Linux 6.13), so they go through the descriptor's entry in /proc, which stays short at
/// any depth; without /proc, by the path.
public enum AttributeList {
  /// In no order; one that vanishes meanwhile is left out.
  ///
  /// - Parameter name: `nil` for the directory itself.
  /// - Throws: ``StorageError``. A filesystem that has no attributes, or an entry that vanished, is none.
  public static func attributes(
    of name: FilePath?, in directory: ReadOnlyFile
  ) throws(StorageError) -> [ExtendedAttribute] {
    let shown = name.map { directory.path.appending($0) } ?? directory.path
    let path = hasProc ? descriptors.appending("\(directory.descriptor)").appending(name ?? ".") : shown
    guard
      let list = try read(shown, "llistxattr", { room in withCPath(path) { cls_list_attributes($0, room.0, room.1) } })
    else { return [] }
    var attributes: [ExtendedAttribute] = []
    for bytes in list.split(separator: 0) {
      let attribute = FilePath(bytes: bytes)
      let value = try read(shown, "lgetxattr") { room in
        withCPath(path) { file in withCPath(attribute) { cls_get_attribute(file, $0, room.0, room.1) } }
      }
      if let value { attributes.append(ExtendedAttribute(name: RawArgument.text(of: bytes), value: value)) }
    }
    return attributes
  }

  private static let descriptors: FilePath = "/proc/self/fd"
  private static let hasProc = SmallFile.exists(descriptors)

  private typealias Room = (UnsafeMutablePointer<CChar>?, Int)

  /// Most entries have none: asks without room first, then with what it takes, which may have grown meanwhile.
  private static func read(
    _ shown: FilePath, _ call: String, _ body: (Room) -> Int64
  ) throws(StorageError) -> [UInt8]? {
    for _ in 0..<8 {
      let length = body((nil, 0))
      if length == 0 { return [] }
      var buffer = [CChar](repeating: 0, count: Int(clamping: max(0, length)))
      let got =
        length < 0 ? length : buffer.withUnsafeMutableBufferPointer { body(($0.baseAddress, $0.count)) }
      if got >= 0 { return buffer.prefix(Int(got)).map { UInt8(bitPattern: $0) } }
      switch Int32(clamping: -got) {
      case ERANGE: continue
      case ENODATA, EOPNOTSUPP, ENOENT, ENOTDIR: return nil
      case let code:
        throw SystemCallTable.error(operation: "read the attributes of", path: shown, call: call, errno: code)
      }
    }
    throw StorageError(
      .changed, operation: "read the attributes of", path: shown, message: "they change while they are read")
  }
}
