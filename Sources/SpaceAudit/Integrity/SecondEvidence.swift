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
    /// On the command line.
    var isNamed: Bool
    /// By libblkid's name; `nil` where it holds none that is known.
    var filesystemType: String?
    var os: OperatingSystem?
    var source: any ImageSource
    var holes: [ByteRange]
    var survey: IntegritySurvey

    var isExt: Bool { ["ext2", "ext3", "ext4"].contains(filesystemType) }
  }

  let depth: SurveyDepth
  /// What could not be asked.
  private(set) var limits: [Limit] = []
  /// Names that differ between two images of one version, by image.
  private(set) var twinsThatDiffer: [FilePath: String] = [:]

  private var readLog: KernelLog?
  /// What can be compared with.
  private var payloads: [FilePath: ContentsOrigin] = [:]

  init(depth: SurveyDepth) { self.depth = depth }

  /// - Throws: ``StorageError`` `.cancelled` only.
  mutating func integrity(of subject: Subject, among others: [Subject]) throws(StorageError) -> Integrity {
    var integrity = subject.survey.integrity
    // Without data read it is known of neither where it has zeros.
    if depth.verification == .whole, subject.isExt,
      let twin = others.first(where: { $0.path != subject.path && $0.isExt && $0.os != nil && $0.os == subject.os })
    {
      do throws(StorageError) { try ask(twin, about: subject, &integrity) } catch {
        try note("compared with its twin \(twin.path.display)", subject, error)
      }
    }
    try askKernelLog(subject, &integrity)
    if let payload = depth.against, subject.filesystemType != nil {
      do throws(StorageError) { try compare(subject, with: payload, &integrity) } catch {
        let what = "compared with \(payload.display)"
        try note(what, subject, error)
        // One version's payload is none of another's, which was found and not named: the active image has the answer.
        let hasOthers = subject.role == .recovery || (subject.role != .active && others.contains { $0.role == .active })
        if error.code != .wrongType || subject.isNamed || !hasOthers {
          Self.leaveOpen(&integrity, "It was not \(what)", error)
        }
      }
    }
    return integrity
  }

  private mutating func note(_ what: String, _ subject: Subject, _ error: StorageError) throws(StorageError) {
    if error.code == .cancelled { throw error }
    limits.append(Limit("evidence-not-taken", "\(subject.path.display) was not \(what): \(error.summary)."))
  }

  /// Evidence that was asked for and not taken leaves an answer that nobody may rely on.
  private static func leaveOpen(_ integrity: inout Integrity, _ clause: String, _ error: StorageError) {
    guard integrity.state != .damaged else { return }
    integrity.reason =
      "\(clause): \(error.message)."
      + (integrity.state == .clean ? " By itself it seems whole." : " " + integrity.reason)
    integrity.state = .unknown
    integrity.isUndecided = nil
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
    // A twin without holes, or one that was dug, may be a copy of this one with what it had lost already.
    let mayClear = !twin.holes.isEmpty && twin.survey.isAsWritten && twin.survey.integrity.state == .clean
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
      case .zerosAreReal where judged.verdict == .suspect && mayClear:
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
    // A loop device that a squashfs is read from is never written to.
    guard subject.isExt, depth.kernelLog != nil || (depth.isOfRunningKernel && integrity.isOpenToTheLog) else {
      return
    }
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
      if mustTell { try note("looked for in the kernel log", subject, error) }
      if depth.kernelLog != nil { Self.leaveOpen(&integrity, "It was not looked for in the kernel log", error) }
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
  private mutating func compare(
    _ subject: Subject, with path: FilePath, _ integrity: inout Integrity
  ) throws(StorageError) {
    let payload = try payload(path)
    var comparison = TreeComparison(
      image: subject.isExt ? .ext(subject.source) : .squashfs(subject.source), payload: payload,
      excluding: TreeTally.systemExcludes)
    comparison.comparesAttributes = depth.comparesAttributes
    let found = try comparison.run().integrity
    if found.state == .unknown {
      throw StorageError(.corrupt, operation: "compare with", path: path, message: found.reason.asClause)
    }
    integrity.checked.append("payload")
    let isOpen = integrity.metadataLost != nil || subject.survey.isInconsistent
    if found.state == .damaged {
      integrity.state = .damaged
      integrity.files = found.files
      integrity.lostBytes = max(integrity.lostBytes ?? .zero, found.lostBytes ?? .zero)
      integrity.reason = found.reason
    } else if !isOpen, subject.isExt || integrity.state != .damaged {
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

  /// - Throws: ``StorageError`` where it is none, or was itself not written whole.
  private mutating func payload(_ path: FilePath) throws(StorageError) -> ContentsOrigin {
    if let known = payloads[path] { return known }
    let payload = try ContentsOrigin.payload(path)
    if case .ext = payload { try PayloadIntegrity.check(path) }
    payloads[path] = payload
    return payload
  }
}
