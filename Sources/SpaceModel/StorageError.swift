/// Something could not be measured: what was tried, on which path, what the system answered, what to try next.
///
/// A thing that was measured and is bad is a `Finding` instead.
public struct StorageError: Error, Hashable, Sendable {
  /// What kind of failure it is, for code that must tell them apart.
  public struct Code: Hashable, Sendable {
    private enum Kind: Hashable, Sendable {
      case notFound, permissionDenied, unsupported, wrongType, corrupt, truncated, changed, timedOut, busy, io,
        cancelled
    }
    private let kind: Kind
    public static let notFound = Code(kind: .notFound)
    public static let permissionDenied = Code(kind: .permissionDenied)
    /// The kernel, the filesystem or this build does not know how.
    public static let unsupported = Code(kind: .unsupported)
    /// Something else than was asked for: a directory, a FIFO.
    public static let wrongType = Code(kind: .wrongType)
    /// An on-disk structure contradicts itself or its container.
    public static let corrupt = Code(kind: .corrupt)
    /// The file ends before what it says it holds.
    public static let truncated = Code(kind: .truncated)
    /// It changed while it was measured.
    public static let changed = Code(kind: .changed)
    public static let timedOut = Code(kind: .timedOut)
    public static let busy = Code(kind: .busy)
    public static let io = Code(kind: .io)
    public static let cancelled = Code(kind: .cancelled)
  }

  public var code: Code
  /// What was tried, as it reads behind "cannot": `read extents of`.
  public var operation: String
  public var path: FilePath
  /// What happened, one clause without a full stop.
  public var message: String
  /// What to try, a sentence; `nil` where nothing helps.
  public var hint: String?
  public var cause: SystemCallError?

  public init(
    _ code: Code, operation: String, path: FilePath, message: String, hint: String? = nil,
    cause: SystemCallError? = nil
  ) {
    self.code = code
    self.operation = operation
    self.path = path
    self.message = message
    self.hint = hint
    self.cause = cause
  }
}

/// The system call that failed, and how.
public struct SystemCallError: Error, Hashable, Sendable {
  /// The call's name in section 2 of the manual: `openat`, `ioctl(FS_IOC_FIEMAP)`.
  public var call: String
  /// `errno`, kept raw: numbers this code does not know survive.
  public var errno: Int32
  /// `strerror(3)`'s text.
  public var text: String

  public init(call: String, errno: Int32, text: String) {
    self.call = call
    self.errno = errno
    self.text = text
  }
}

extension StorageError: CustomStringConvertible {
  /// `cannot read extents of 'a.img': it is a directory`.
  public var summary: String { "cannot \(operation) '\(path.display)': \(message)" }

  /// The summary, then the cause and the hint, each on a line of its own.
  public var description: String {
    var lines = [summary]
    if let cause { lines.append("  cause: \(cause.call) failed: \(cause.text) (errno \(cause.errno))") }
    if let hint { lines.append("  hint: \(hint)") }
    return lines.joined(separator: "\n")
  }
}
