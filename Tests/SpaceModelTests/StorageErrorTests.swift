import SpaceModel
import Testing

@Suite struct StorageErrorTests {
  @Test("the text names operation, path, message, cause and hint") func theTextNamesOperationPathMessageCauseAndHint() {
    let error = StorageError(
      .unsupported, operation: "read extents of", path: "a.img", message: "the filesystem (tmpfs) has no FIEMAP",
      hint: "Copy it to a disk.",
      cause: SystemCallError(call: "ioctl(FS_IOC_FIEMAP)", errno: 95, text: "Operation not supported"))
    #expect(
      error.description == """
        cannot read extents of 'a.img': the filesystem (tmpfs) has no FIEMAP
          cause: ioctl(FS_IOC_FIEMAP) failed: Operation not supported (errno 95)
          hint: Copy it to a disk.
        """)
    #expect(error.summary == "cannot read extents of 'a.img': the filesystem (tmpfs) has no FIEMAP")
  }

  @Test("what is not known is left out") func whatIsNotKnownIsLeftOut() {
    let error = StorageError(.wrongType, operation: "open", path: "/tmp", message: "it is a directory")
    #expect(error.description == "cannot open '/tmp': it is a directory")
  }

  @Test("a hostile path stays on one line") func aHostilePathStaysOnOneLine() {
    let error = StorageError(
      .notFound, operation: "open", path: FilePath(bytes: [0x61, 0x0A, 0x1B, 0xFF]), message: "there is no such file")
    #expect(error.description == "cannot open 'a\\x0a\\x1b\\xff': there is no such file")
  }

  @Test("codes are told apart and unknown errors are kept raw") func codesAreToldApartAndUnknownErrorsAreKeptRaw() {
    let codes: [StorageError.Code] = [
      .notFound, .permissionDenied, .unsupported, .wrongType, .corrupt, .truncated, .changed, .timedOut, .busy, .io,
      .cancelled,
    ]
    #expect(Set(codes).count == codes.count)
    let cause = SystemCallError(call: "pread", errno: 12_345, text: "Unknown error 12345")
    #expect(StorageError(.io, operation: "read", path: "a", message: "x", cause: cause).cause?.errno == 12_345)
  }
}
