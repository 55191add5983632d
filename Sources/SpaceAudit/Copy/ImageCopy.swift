import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import SpaceModel
import SpaceReport

/// Copies an image so that holes stay holes and zeros become holes, and ends with the whole copy under its name or none.
///
/// The copy is written without a name, or under a temporary one, in the destination's directory; synced; given the
/// source's attributes; compared if asked; and only then it gets its name.
public struct ImageCopy: Sendable {
  private let request: CopyRequest
  private let monitor: AuditMonitor

  /// - Parameter monitor: Is told what is read and written; its `isCancelled` ends the copy.
  public init(_ request: CopyRequest, monitor: AuditMonitor = AuditMonitor()) {
    self.request = request
    self.monitor = monitor
  }

  /// - Throws: ``StorageError``; the destination is then what it was, unless making its name lasting failed.
  public func run() throws(StorageError) -> CopyResult {
    let file = try ReadOnlyFile.open(request.source, expecting: .regularFile, operation: "copy")
    let before = try file.status()
    try CopyUse.refuseWritten(request.source, before, operation: "copy")
    let lookup = ClusterLookup()
    let source = try LiveFile(file) { lookup.clusterSize(of: $0) }
    if request.label != nil { try ExtLabel.check(source) }
    let destination = try CopyDestination(request.destination, source: before)
    TemporaryName.removeAbandoned(of: destination.name, in: destination.directory)

    let target = try NewFile.create(in: destination.directory, for: destination.name)
    var result = CopyResult(
      source: request.source, destination: request.destination, method: .reflink,
      apparentBytes: ByteCount(clamping: source.size), copiedBytes: .zero, holeBytes: .zero, dugBytes: .zero,
      sourceAllocatedBytes: ByteCount(clamping: before.allocated), allocatedBytes: .zero,
      replacedAllocatedBytes: destination.existing.map { ByteCount(clamping: $0.allocated) })
    if try !clone(file, to: target) {
      let unit = try allocationUnit(destination.directory, lookup)
      try transfer(source, CopyPlan(of: source, unit: unit), to: target, destination, &result)
    } else {
      result.holeBytes = ByteCount(clamping: try CopyPlan(of: source, unit: 1).holeBytes)
    }
    let replaced = try label(target, &result)
    result.notKept = try target.takeAttributes(of: file)
    monitor.onStage("sync")
    try target.sync()
    if request.verifies {
      do throws(StorageError) {
        result.verification = try verify(file, target, size: source.size, replaced)
      } catch {
        // A source that was written to meanwhile differs, too.
        if error.code == .corrupt { try checkUnchanged(file, since: before) }
        throw error
      }
    }
    try checkUnchanged(file, since: before)
    // It may have come while all waited for a sync.
    if monitor.isCancelled() {
      throw StorageError(.cancelled, operation: "copy", path: request.source, message: "it was cancelled")
    }
    result.allocatedBytes = ByteCount(clamping: try target.status().allocated)
    target.dropCache()
    try destination.checkAgain()
    try target.publish(as: destination.name, replacing: destination.existing != nil)
    return result
  }

  private func clone(_ file: ReadOnlyFile, to target: NewFile) throws(StorageError) -> Bool {
    guard request.reflink != .never else { return false }
    monitor.onStage("share \(request.source.display)")
    if try target.clone(file) { return true }
    guard request.reflink == .always else { return false }
    throw StorageError(
      .unsupported, operation: "copy to", path: request.destination,
      message: "its filesystem cannot share the blocks of '\(request.source.display)'",
      hint: "Leave out --reflink=always: the data is copied then.")
  }

  /// The unit in which holes are worth leaving: where it is not certain the block, of which a cluster is made up.
  private func allocationUnit(_ directory: ReadOnlyFile, _ lookup: ClusterLookup) throws(StorageError) -> UInt64 {
    let place = try LiveFile(directory) { lookup.clusterSize(of: $0) }
    return place.host.allocationUnit ?? place.askAllocationUnit() ?? place.host.blockSize
  }

  private func transfer(
    _ source: LiveFile, _ plan: CopyPlan, to target: NewFile, _ destination: CopyDestination,
    _ result: inout CopyResult
  ) throws(StorageError) {
    let space = CopySpace(destination.directory, for: request.destination)
    var copying = CopyTransfer(source: source, plan: plan, monitor: monitor)
    var need = plan.mostAllocated
    if need > (try space.usable()) {
      // Without its zeros it may fit all the same.
      monitor.onStage("look for zeros in \(request.source.display)")
      monitor.onPlan(plan.dataBytes)
      need = try copying.run(to: nil).unitBytes
      try space.require(need)
    }
    let isSameFilesystem = try target.status().device == source.status().device
    copying.usesCopyRange =
      request.reflink != .never && isSameFilesystem && CopyTransfer.isRemote(source.host.type)
    monitor.onStage("copy \(request.source.display)")
    monitor.onPlan(plan.dataBytes)
    let totals: CopyTransfer.Totals
    do throws(StorageError) {
      try target.setSize(plan.size)
      totals = try copying.run(to: target)
      monitor.onStage("sync")
      try target.sync()
    } catch {
      throw space.explained(error, need: need, written: (try? target.status().allocated) ?? 0)
    }
    result.method = totals.rangeBytes > 0 ? .copyFileRange : .sparse
    result.copiedBytes = ByteCount(clamping: totals.dataBytes)
    result.holeBytes = ByteCount(clamping: plan.holeBytes)
    result.dugBytes = ByteCount(clamping: plan.dataBytes - totals.dataBytes)
  }

  /// - Returns: What the copy has since instead of the source's bytes.
  private func label(
    _ target: NewFile, _ result: inout CopyResult
  ) throws(StorageError) -> [CopyVerification.Replaced] {
    guard let label = request.label else { return [] }
    let places = try ExtLabel.set(label, in: target.descriptorPath, shown: request.destination)
    let copy = try ReadOnlyFile.open(target.descriptorPath, expecting: .regularFile, shown: request.destination)
    let source = try FileSource(copy)
    var replaced: [CopyVerification.Replaced] = []
    for place in places where place.end <= source.size {
      replaced.append(
        .init(start: place.start, bytes: try source.bytes(at: place.start, count: Int(place.length))))
    }
    let text = RawArgument.text(of: label)
    guard try ExtFilesystem(source).superblock.label ?? "" == text else {
      throw StorageError(
        .corrupt, operation: "set the label of", path: request.destination, message: "it reads back differently",
        hint: "Check the source with e2fsck -fn.")
    }
    result.label = text
    return replaced
  }

  private func verify(
    _ file: ReadOnlyFile, _ target: NewFile, size: UInt64, _ replaced: [CopyVerification.Replaced]
  ) throws(StorageError) -> CopyResult.Verification {
    func isMemory(_ path: FilePath, _ file: ReadOnlyFile) throws(StorageError) -> Bool {
      try FilesystemStatistics.of(file).type == "tmpfs"
    }
    monitor.onStage("verify \(request.destination.display)")
    monitor.onPlan(size)
    // Where direct reads are not what they are called (compressed, journalled data), at least the copy's pages are gone.
    target.dropCache()
    let copy = try ReadOnlyFile.open(target.descriptorPath, expecting: .regularFile, shown: request.destination)
    let reader = try DiskReader(
      target.descriptor, path: request.destination, inMemory: isMemory(request.destination, copy))
    let source = try DiskReader(file.descriptor, path: request.source, inMemory: isMemory(request.source, file))
    try CopyVerification(
      source: source, copy: reader, size: size, replaced: replaced, path: request.destination, monitor: monitor
    ).run()
    return CopyResult.Verification(source: source.method.rawValue, destination: reader.method.rawValue)
  }

  private func checkUnchanged(_ file: ReadOnlyFile, since before: FileStatus) throws(StorageError) {
    let now = try file.status()
    guard now.size != before.size || now.modified != before.modified || now.changed != before.changed else { return }
    throw StorageError(
      .changed, operation: "copy", path: request.source, message: "it changed while it was copied",
      hint: "Copy it again when it is left alone.")
  }
}
