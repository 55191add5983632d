import FilesystemReader
import ImageIntegrity
import LinuxStorage
import SpaceModel
import UpgradeProjection

/// What else there is to ask of an image than the image itself: the payload, the kernel log, its twin.
struct SecondEvidence {
  /// An image that was verified.
  struct Subject {
    var path: FilePath
    var role: ImageRole
    var os: OperatingSystem?
    var source: any ImageSource
    var holes: [ByteRange]
    var survey: IntegritySurvey
  }

  let depth: SurveyDepth
  /// What could not be asked.
  private(set) var limits: [Limit] = []
  /// Names that differ between two images of one version, by image.
  private(set) var twinsThatDiffer: [FilePath: String] = [:]

  private var readLog: KernelLog?

  init(depth: SurveyDepth) { self.depth = depth }

  /// - Throws: ``StorageError`` `.cancelled` only.
  mutating func integrity(of subject: Subject, among others: [Subject]) throws(StorageError) -> Integrity {
    var integrity = subject.survey.integrity
    // Without data read it is known of neither where it has zeros.
    if depth.verification == .whole,
      let twin = others.first(where: { $0.path != subject.path && $0.os != nil && $0.os == subject.os })
    {
      try attempt("compared with its twin \(twin.path.display)") { (evidence) throws(StorageError) in
        try evidence.ask(twin, about: subject, &integrity)
      }
    }
    try askKernelLog(subject, &integrity)
    if let payload = depth.against {
      let withAttributes = depth.comparesAttributes
      try attempt("compared with \(payload.display)") { (_) throws(StorageError) in
        try Self.compare(subject, with: payload, withAttributes: withAttributes, &integrity)
      }
    }
    return integrity
  }

  private mutating func attempt(
    _ what: String, _ body: (inout SecondEvidence) throws(StorageError) -> Void
  ) throws(StorageError) {
    do throws(StorageError) { try body(&self) } catch {
      if error.code == .cancelled { throw error }
      limits.append(Limit("evidence-not-taken", "An image was not \(what): \(error.summary)."))
    }
  }

  // MARK: Twin

  private mutating func ask(
    _ twin: Subject, about subject: Subject, _ integrity: inout Integrity
  ) throws(StorageError) {
    let comparison = try TwinComparison(image: subject.source, twin: twin.source, twinHoles: twin.holes)
    let metadata = try comparison.metadata()
    guard metadata.isSameVersion else { return }
    integrity.checked.append("twin")
    if metadata.differs {
      twinsThatDiffer[subject.path] =
        "\(twin.path.display) holds the same version, and \(metadata.onlyInTwinCount) of its names are not here, "
        + "\(metadata.onlyInImageCount) are only here, \(metadata.sizeDiffersCount) differ in size."
    }
    // Also of files whose holes digging would explain: where the twin has data, nothing was dug.
    let asked = subject.survey.files.filter { !$0.ranges.isEmpty }.flatMap { judged in
      judged.file.paths.map { (judged, TwinQuestion(path: $0, zeroRanges: judged.ranges)) }
    }
    guard !asked.isEmpty else { return }
    for ((judged, question), answer) in zip(asked, try comparison.answers(asked.map(\.1))) {
      let index = integrity.files?.firstIndex { $0.path == question.path }
      switch answer {
      case .lost(let ranges):
        var file =
          index.flatMap { integrity.files?[$0] }
          ?? Integrity.File(
            path: question.path, sizeBytes: judged.file.size.map(ByteCount.init(clamping:)))
        file.suspect = nil
        file.intactCopy = twin.path.display
        file.lostBytes = ByteCount(clamping: ranges.reduce(UInt64(0)) { $0.addingClamped($1.length) })
        file.lostRanges = ranges.prefix(64).map { [Int64(clamping: $0.start), Int64(clamping: $0.end)] }
        let counted =
          index.flatMap { integrity.files?[$0] }.flatMap { $0.suspect == true ? nil : $0.lostBytes } ?? .zero
        if let index {
          integrity.files?[index] = file
        } else {
          integrity.files = ((integrity.files ?? []) + [file]).sorted { $0.path < $1.path }
        }
        let more = max(.zero, (file.lostBytes ?? .zero) - counted)
        integrity.lostBytes = (integrity.lostBytes ?? .zero) + more
        // What digging seemed to explain is lost.
        integrity.dugBytes = integrity.dugBytes.map { max(.zero, $0 - more) }
        integrity.state = .damaged
      case .zerosAreReal where judged.verdict == .suspect:
        if let index { integrity.files?.remove(at: index) }
      case .zerosAreReal, .undecided: break
      }
    }
    settle(&integrity, of: subject, by: "its twin \(twin.path.display)")
  }

  /// Where the twin has cleared every suspect, nothing is left to suspect.
  private func settle(_ integrity: inout Integrity, of subject: Subject, by evidence: String) {
    if integrity.state == .damaged, integrity.files?.contains(where: { $0.intactCopy != nil }) ?? false {
      integrity.reason = "Data is missing that \(evidence) has."
    } else if integrity.state == .suspect, integrity.files?.isEmpty ?? true, !subject.survey.isInconsistent {
      integrity.state = .clean
      integrity.reason = "What reads as zeros is zeros, by \(evidence)."
    }
  }

  // MARK: Kernel log

  /// The log that was named, else the running kernel's where it could say more.
  private mutating func askKernelLog(_ subject: Subject, _ integrity: inout Integrity) throws(StorageError) {
    guard depth.kernelLog != nil || (depth.isOfRunningKernel && integrity.isOpenToTheLog) else { return }
    let mustTell = depth.kernelLog != nil || integrity.state != .clean
    do throws(StorageError) {
      let log = try kernelLog()
      let files = subject.survey.files
      let evidence = try KernelLogQuestion(image: subject.source, files: files).evidence(in: log)
      // That the running kernel has nothing to say of it is no part of the answer, which is then the same offline.
      if depth.kernelLog != nil || evidence != nil { integrity.checked.append("kernel-log") }
      evidence?.apply(to: &integrity, files: files)
    } catch {
      if error.code == .cancelled { throw error }
      if mustTell {
        limits.append(
          Limit("evidence-not-taken", "An image was not looked for in the kernel log: \(error.summary)."))
      }
    }
  }

  /// Read once, for all images.
  private mutating func kernelLog() throws(StorageError) -> KernelLog {
    if let readLog { return readLog }
    let log = if let path = depth.kernelLog { try KernelLog(contentsOf: path) } else { try KernelLog.running() }
    readLog = log
    return log
  }

  // MARK: Payload

  /// What the payload holds is all that counts for files; lost bitmaps and the like stay lost.
  private static func compare(
    _ subject: Subject, with payload: FilePath, withAttributes: Bool, _ integrity: inout Integrity
  ) throws(StorageError) {
    var comparison = TreeComparison(
      image: .ext(subject.source), payload: try ContentsOrigin.payload(payload), excluding: TreeTally.systemExcludes)
    comparison.comparesAttributes = withAttributes
    let found = try comparison.run().integrity
    integrity.checked.append("payload")
    if found.state == .damaged {
      integrity.state = .damaged
      integrity.files = found.files
      integrity.lostBytes = max(integrity.lostBytes ?? .zero, found.lostBytes ?? .zero)
      integrity.reason = found.reason
    } else if integrity.metadataLost == nil, !subject.survey.isInconsistent {
      integrity.state = .clean
      integrity.files = []
      // What was lost of it was zeros.
      integrity.lostBytes = integrity.lostBytes.map { _ in .zero }
      integrity.lostRegions = nil
      integrity.reason = found.reason
    } else {
      integrity.reason += " " + found.reason
    }
    integrity.isUndecided = nil
  }
}
