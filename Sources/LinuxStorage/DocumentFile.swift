import Glibc
import SpaceModel

/// A file that is read whole: a report, a profile, a payload card.
public enum DocumentFile {
  /// - Parameters:
  ///   - path: `-` is standard input; a pipe is read to its end.
  ///   - limit: No such document is larger.
  ///   - operation: For errors, as it reads behind "cannot".
  /// - Throws: ``StorageError``: `.unsupported` where it is larger, or what opening and reading it gave.
  public static func read(_ path: FilePath, limit: Int, operation: String) throws(StorageError) -> [UInt8] {
    if path == "-" { return try stream(STDIN_FILENO, path, limit, operation) }
    if isPipe(path) { return try pipe(path, limit, operation) }
    let file = try ReadOnlyFile.open(path, expecting: .regularFile, operation: operation)
    let size = try file.status().size
    guard size <= UInt64(limit) else { throw tooLarge(path, limit, operation) }
    return try FileSource(file).bytes(at: 0, count: Int(size))
  }

  /// Whether it can be read once only, from its beginning: a FIFO, a shell's `<(…)`, or /dev/stdin with a pipe behind it.
  public static func isPipe(_ path: FilePath) -> Bool {
    FileStatus.of(path).map { $0.mode & S_IFMT == S_IFIFO } ?? false
  }

  /// Waits for whoever writes, as cat(1) does.
  private static func pipe(_ path: FilePath, _ limit: Int, _ operation: String) throws(StorageError) -> [UInt8] {
    let descriptor = withCPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
    guard descriptor >= 0 else {
      throw SystemCallTable.error(operation: operation, path: path, call: "open", errno: errno)
    }
    defer { close(descriptor) }
    return try stream(descriptor, path, limit, operation)
  }

  private static func stream(
    _ descriptor: Int32, _ path: FilePath, _ limit: Int, _ operation: String
  ) throws(StorageError) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let got = Glibc.read(descriptor, &piece, piece.count)
      if got > 0 {
        bytes.append(contentsOf: piece[..<got])
        guard bytes.count <= limit else { throw tooLarge(path, limit, operation) }
      } else if got == 0 {
        return bytes
      } else if errno != EINTR {
        let shown: FilePath = path == "-" ? "standard input" : path
        throw SystemCallTable.error(operation: operation, path: shown, call: "read", errno: errno)
      }
    }
  }

  private static func tooLarge(_ path: FilePath, _ limit: Int, _ operation: String) -> StorageError {
    StorageError(
      .unsupported, operation: operation, path: path,
      message: "it is larger than any such file is (\(ByteCount(clamping: limit)))")
  }
}
