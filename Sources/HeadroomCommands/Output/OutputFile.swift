import Glibc
import LinuxStorage
import SpaceAudit
import SpaceModel

/// The file that `--output-file` names: there whole or not at all, and never one that is being looked at.
struct OutputFile {
  private let path: FilePath
  /// What is audited.
  private let inputs: [FilePath]

  init(_ path: FilePath, inputs: [FilePath]) {
    self.path = path
    self.inputs = inputs
  }

  /// Writes to it: beside a regular file and then renamed over it; straight into a pipe or character device. `-` is
  /// standard output.
  ///
  /// - Parameter mode: Its permissions, whatever the umask; `nil`: those of the file that was there, else the usual ones.
  /// - Throws: ``StorageError``; a file that was there before is then unchanged.
  func write(_ bytes: [UInt8], mode: mode_t? = nil) throws(StorageError) {
    guard path != "-" else { return try Output.write(bytes) }
    guard let target = FileStatus.of(path) else {
      guard SmallFile.linkTarget(path) == nil else {
        throw StorageError(
          .notFound, operation: "write to", path: path, message: "it is a symbolic link that leads nowhere",
          hint: "Name the file it should lead to.")
      }
      return try replace(path, with: bytes, like: nil, mode: mode)
    }
    if isStandardOutput(target) { return try Output.write(bytes) }
    switch target.kind {
    case .other:
      try writeInto(bytes)
    case .regular:
      try refuseIfPrecious(target)
      // The file itself, not a symbolic link to it.
      try replace(resolved, with: bytes, like: target, mode: mode)
    case .directory, .blockDevice, .symbolicLink:
      throw StorageError(
        .wrongType, operation: "write to", path: path,
        message: target.kind == .directory ? "it is a directory" : "it is a block device",
        hint: "Name a file.")
    }
  }

  /// Whether ``write(_:mode:)`` can be expected to succeed.
  ///
  /// - Throws: ``StorageError`` where it is one of the inputs, a directory, or lies in none.
  func check() throws(StorageError) {
    guard path != "-" else { return }
    if let target = FileStatus.of(path) {
      guard target.kind != .directory else {
        throw StorageError(
          .wrongType, operation: "write to", path: path, message: "it is a directory", hint: "Name a file.")
      }
      if target.kind == .regular { try refuseIfPrecious(target) }
    } else {
      let end = path.bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
      let directory = end == 0 ? "." : FilePath(bytes: Array(path.bytes[..<end]))
      _ = try ReadOnlyFile.open(directory, expecting: .directory, operation: "write to")
    }
  }

  /// Writes over what it holds, in place: what is mounted over a file (a container's /dev/termination-log) cannot be
  /// renamed over.
  ///
  /// - Throws: ``StorageError``.
  func overwrite(_ bytes: [UInt8]) throws(StorageError) {
    if let target = FileStatus.of(path) {
      guard target.kind == .regular || target.kind == .other else {
        throw StorageError(
          .wrongType, operation: "write to", path: path, message: "it is no file", hint: "Name a file.")
      }
      try refuseIfPrecious(target)
    }
    try writeInto(bytes, flags: O_CREAT | O_TRUNC)
  }

  private func isStandardOutput(_ target: FileStatus) -> Bool {
    guard let output = FileStatus.of("/proc/self/fd/1") else { return false }
    return output.device == target.device && output.inode == target.inode
  }

  private func refuseIfPrecious(_ target: FileStatus) throws(StorageError) {
    let isInput = inputs.contains { input in
      FileStatus.of(input).map { $0.device == target.device && $0.inode == target.inode } ?? false
    }
    guard isInput || ImageContent.mayBeImage(path) else { return }
    throw StorageError(
      .busy, operation: "write to", path: path,
      message: isInput ? "it is what is being looked at" : "it holds no text, but perhaps an image",
      hint: "Name another file, or remove it first.")
  }

  private var resolved: FilePath {
    guard let whole = cString(path, { realpath($0, nil) }) else { return path }
    defer { free(whole) }
    return FilePath(bytes: UnsafeBufferPointer(start: whole, count: strlen(whole)).map { UInt8(bitPattern: $0) })
  }

  private func writeInto(_ bytes: [UInt8], flags: Int32 = 0) throws(StorageError) {
    let descriptor = cString(path) { open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, 0o644) }
    guard descriptor >= 0 else { throw failure("open", errno) }
    let isWritten = WorkerProcess.write(bytes, to: descriptor)
    let code = errno
    _ = close(descriptor)
    guard isWritten else { throw failure("write", code) }
  }

  private func replace(
    _ place: FilePath, with bytes: [UInt8], like old: FileStatus?, mode: mode_t?
  ) throws(StorageError) {
    let temporary = FilePath(bytes: place.bytes + ".tmp-\(getpid())".utf8)
    func make() -> Int32 { cString(temporary) { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) } }
    var descriptor = make()
    if descriptor < 0, errno == EEXIST {
      // A run that was killed left it; in a container every run has the same process number.
      _ = cString(temporary) { unlink($0) }
      descriptor = make()
    }
    guard descriptor >= 0 else { throw failure("open", errno) }
    var call = "write"
    var isDone = WorkerProcess.write(bytes, to: descriptor)
    if isDone, let old {
      // Only root can give a file away; who cannot keeps it.
      _ = fchown(descriptor, old.owner, old.group)
    }
    if isDone, let mode = mode ?? old.map({ $0.mode & 0o7777 }) {
      (call, isDone) = ("fchmod", fchmod(descriptor, mode) == 0)
    }
    if isDone { (call, isDone) = ("fsync", fsync(descriptor) == 0) }
    var code = errno
    _ = close(descriptor)
    if isDone {
      call = "rename"
      isDone = cString(temporary) { from in cString(place) { rename(from, $0) } } == 0
      code = errno
    }
    guard isDone else {
      _ = cString(temporary) { unlink($0) }
      throw failure(call, code)
    }
  }

  private func failure(_ call: String, _ code: Int32) -> StorageError {
    SystemCallTable.error(operation: "write", path: path, call: call, errno: code)
  }

  private func cString<Result>(_ path: FilePath, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (path.bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an empty C string") }
      return body(base)
    }
  }
}
