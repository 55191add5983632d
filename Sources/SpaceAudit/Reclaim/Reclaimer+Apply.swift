import ExtentAnalyzer
import Glibc
import LinuxStorage
import SpaceModel
import SpaceReport

/// The writing part.
extension Reclaimer {
  /// Punches all planned images of a filesystem; whatever happens, a mount that was made writable is put back.
  mutating func apply(
    _ mount: Mount, _ remount: Remount?, _ subjects: inout [Subject], _ filesystem: inout ReclaimReport.Filesystem
  ) {
    guard let first = subjects.first(where: { $0.image.state == .planned }) else { return }
    if let remount, remount.isReadOnly {
      do throws(StorageError) {
        guard request.remounts else { throw .mountedReadOnly(first.target.path, at: mount.mountpoint) }
        try remount.makeWritable()
        filesystem.remounted = true
      } catch {
        outcome.failures.append(error)
        for index in subjects.indices where subjects[index].image.state == .planned {
          subjects[index].image.state = request.remounts ? .failed : .refused
        }
        return
      }
    }
    filesystem.freeBefore = free(subjects)
    for index in subjects.indices where subjects[index].image.state == .planned {
      if monitor.isCancelled() {
        subjects[index].image.state = .stopped
        continue
      }
      do throws(StorageError) { try punchAny(&subjects[index]) } catch {
        if subjects[index].image.state == .planned { subjects[index].image.state = .failed }
        outcome.failures.append(error)
      }
    }
    filesystem.freeAfter = free(subjects)
    guard filesystem.remounted == true, let remount else { return }
    do throws(StorageError) { try remount.restore() } catch {
      filesystem.leftWritable = true
      outcome.failures.append(error)
    }
  }

  /// One image, immutable or not. What chattr(1) has set is put back, whatever happens.
  private mutating func punchAny(_ subject: inout Subject) throws(StorageError) {
    guard let status = subject.plan?.status else { return }
    guard subject.image.objections.contains(where: { $0.reason == .immutable && $0.forced }),
      let flags = InodeFlags.of(try subject.target.open())
    else { return try punch(&subject, expecting: status) }
    guard try subject.target.open().status().isSameContent(as: status) else {
      throw .changedWhileReclaiming(subject.target.path)
    }
    try flags.changeable.set(on: try subject.target.open())
    var failure: StorageError?
    do throws(StorageError) {
      try punch(&subject, expecting: try subject.target.open().status())
    } catch {
      failure = error
    }
    do throws(StorageError) { try flags.set(on: try subject.target.open()) } catch {
      outcome.failures.append(.leftChangeable(subject.target.path, error))
    }
    if let failure { throw failure }
  }

  /// One image. Nothing else of ours has it open here, which a lease asks for.
  ///
  /// - Throws: ``StorageError``; what was punched until then stays, and is in the subject.
  private mutating func punch(_ subject: inout Subject, expecting status: FileStatus) throws(StorageError) {
    guard let plan = subject.plan else { return }
    let target = subject.target
    monitor.onStage("\(target.path.display): digging")
    try refuseWriters(&subject)
    let file = try WritableFile(target.place, shown: target.path)
    let hasLease = try takeLease(file, &subject)
    defer { if hasLease { FileLease.giveBack(file) } }
    guard try file.status().isSameContent(as: status) else { throw .changedWhileReclaiming(target.path) }

    var run = ReclaimRun(
      file, unit: plan.unit, hasLease: hasLease, readsTwice: !hasLease, isStopped: monitor.isCancelled)
    var failure: StorageError?
    var end = ReclaimRun.End.stopped
    do throws(StorageError) { end = try run.punch(plan.ranges, size: plan.status.size) } catch { failure = error }
    subject.image.punchedBytes = ByteCount(clamping: run.punchedBytes)
    subject.image.changedBytes = run.changedBytes > 0 ? ByteCount(clamping: run.changedBytes) : nil
    // Whoever opens the file waits for this.
    if end == .leaseBroken { FileLease.giveBack(file) }
    switch end {
    case .finished: subject.image.state = .done
    case .stopped, .leaseBroken: subject.image.state = failure == nil ? .stopped : .failed
    }
    do throws(StorageError) {
      try file.synchronize()
      try file.synchronizeFilesystem()
    } catch {
      subject.image.state = .failed
      guard let failure else { throw error }
      outcome.failures.append(error)
      throw failure
    }
    subject.image.allocatedAfter = ByteCount(clamping: try file.status().allocated)
    if let failure { throw failure }
    if end == .leaseBroken { throw .openedMeanwhile(target.path) }
    try compare(file, &subject, hasLease: hasLease)
  }

  /// Asks the kernel who writes, which sees also what /proc hides from us.
  private func refuseWriters(_ subject: inout Subject) throws(StorageError) {
    guard !subject.image.objections.contains(where: { $0.reason == .writing }) else { return }
    // Something may just be closing it: the kernel lets go of files a moment later.
    for attempt in 0..<10 {
      if attempt > 0 { usleep(50_000) }
      guard FileLease.isOpenForWriting(try subject.target.open()) == true else { return }
    }
    try object(checks.objection(.writing, "somebody who cannot be seen has it open for writing"), &subject)
  }

  /// - Returns: Whether a lease is held.
  /// - Throws: ``StorageError`` `.busy` where somebody has the file open and that is not to be left out of account.
  private func takeLease(_ file: WritableFile, _ subject: inout Subject) throws(StorageError) -> Bool {
    var answer = FileLease.takeForWriting(file)
    for _ in 0..<10 where answer == .inUse && subject.findings.readOnlyLoop == nil {
      usleep(50_000)
      answer = FileLease.takeForWriting(file)
    }
    switch answer {
    case .granted:
      subject.image.lease = .held
      return true
    case .unsupported: subject.image.lease = .unsupported
    case .inUse:
      subject.image.lease = .notGranted
      let isKnown =
        subject.findings.readOnlyLoop != nil
        || subject.image.objections.contains { $0.reason == .open || $0.reason == .writing }
      if !isKnown { try object(checks.objection(.open, "somebody who cannot be seen has it open"), &subject) }
    }
    return false
  }

  private func object(_ objection: ReclaimObjection, _ subject: inout Subject) throws(StorageError) {
    subject.image.objections.append(objection)
    guard !objection.forced else { return }
    subject.image.state = .refused
    throw .refused(subject.target.path, objection)
  }

  /// Reads it all again, from the disk, through the descriptor that holds the lease.
  private func compare(
    _ file: WritableFile, _ subject: inout Subject, hasLease: Bool
  ) throws(StorageError) {
    guard let before = subject.checksum, let size = subject.plan?.status.size else { return }
    file.dropCache(ByteRange(start: 0, end: size))
    let monitor = monitor
    do throws(StorageError) {
      let after = try ReclaimChecksum(
        size: size, path: file.path,
        isCancelled: { monitor.isCancelled() || (hasLease && !FileLease.isHeld(on: file)) }
      ) { (buffer, offset) throws(StorageError) in
        let got = try file.read(into: buffer, at: offset)
        monitor.onRead(UInt64(got))
        return got
      }
      subject.image.contentUnchanged = after == before
    } catch {
      guard error.code == .cancelled else { throw error }
      subject.image.notes = (subject.image.notes ?? []) + ["Its content was not compared to the end."]
      if !monitor.isCancelled() { throw .notCompared(file.path) }
    }
    if subject.image.contentUnchanged == false { throw .contentChanged(file.path) }
  }
}
