import Glibc
import SpaceModel

/// A file that is read whole: a report, a profile, a payload card.
public enum DocumentFile {
  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - limit: No such document is larger.
  ///   - operation: For errors, as it reads behind "cannot".
  /// - Throws: ``StorageError``: `.unsupported` where it is larger, or what opening and reading it gave.
  public static func read(_ path: FilePath, limit: Int, operation: String) throws(StorageError) -> [UInt8] {
    let bytes: [UInt8]
    if path == "-" {
      bytes = try standardInput(limit: limit, operation: operation)
    } else {
      let file = try ReadOnlyFile.open(path, expecting: .regularFile, operation: operation)
      let size = try file.status().size
      guard size <= UInt64(limit) else { throw tooLarge(path, limit, operation) }
      bytes = try FileSource(file).bytes(at: 0, count: Int(size))
    }
    return bytes
  }

  private static func standardInput(limit: Int, operation: String) throws(StorageError) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let got = Glibc.read(STDIN_FILENO, &piece, piece.count)
      if got > 0 {
        bytes.append(contentsOf: piece[..<got])
        guard bytes.count <= limit else { throw tooLarge("-", limit, operation) }
      } else if got == 0 {
        return bytes
      } else if errno != EINTR {
        throw SystemCallTable.error(operation: operation, path: "standard input", call: "read", errno: errno)
      }
    }
  }

  private static func tooLarge(_ path: FilePath, _ limit: Int, _ operation: String) -> StorageError {
    StorageError(
      .unsupported, operation: operation, path: path,
      message: "it is larger than any such file is (\(ByteCount(clamping: limit)))")
  }
}
