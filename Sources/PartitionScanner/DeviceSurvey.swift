import LinuxStorage
import SpaceModel

/// Collects partitions: first what is known without opening a device, then what probing adds.
struct DeviceSurvey {
  let tree: DeviceTree
  let allDevices: Bool
  private let nodes: (@Sendable (BlockDevice) -> FilePath?)?
  private let mounts: [DeviceNumber: [Mount]]
  /// The other devices of a mounted btrfs, which the mounted one stands for.
  private let besideMounted: Set<String>
  private var found: [Candidate] = []
  private var questions: [Question] = []
  private var notes = SurveyNotes()
  /// Why the device that was last probed could not be.
  private(set) var failure: StorageError?

  private struct Candidate {
    var device: BlockDevice
    var udev: UdevRecord?
    var partition: ScannedPartition
    /// Partitions are listed whatever they hold; whole devices only when something was recognised.
    var isListed: Bool
    /// By offset, instead of the device itself.
    var inside: [ScannedPartition] = []
    var isNamed = false
  }

  private struct Question {
    var device: BlockDevice
    var path: FilePath
    /// In `found`; `nil` for a disk whose table is asked for its partitions' names.
    var candidate: Int?
  }

  init(tree: DeviceTree, allDevices: Bool, nodes: (@Sendable (BlockDevice) -> FilePath?)?) {
    self.tree = tree
    self.nodes = nodes
    self.allDevices = allDevices
    mounts = tree.mountsByDevice()
    let mountedNames = Set(mounts.keys.compactMap { tree[$0]?.name })
    besideMounted = Set(
      tree.btrfsDevices().filter { !mountedNames.isDisjoint(with: $0) }.flatMap { $0 }
    ).subtracting(mountedNames)
  }

  var partitions: [ScannedPartition] {
    found.flatMap { candidate -> [ScannedPartition] in
      if !candidate.inside.isEmpty { return candidate.inside }
      return candidate.isListed ? [candidate.partition] : []
    }
  }

  var limits: [Limit] { notes.limits }

  // MARK: Without opening

  /// Takes a device in, unless it cannot hold a filesystem of its own or another stands for it.
  mutating func add(_ device: BlockDevice) {
    // Without a medium, without a file, an NVMe path that is not for use: nothing to see.
    guard device.sizeBytes > 0, !device.isHidden else { return }
    if DeviceKind(tree.whole(device).name) == .loop, tree.whole(device).backingFile == nil { return }
    guard mounts[device.number] == nil else {
      return describe(device, isNamed: false)
    }
    // Of the container of logical partitions the kernel shows the first KiB, or one sector.
    if device.partitionNumber != nil, device.sizeBytes <= 4096 { return }
    if besideMounted.contains(device.name) || tree.isFolded(device) || !tree.partitions(of: device).isEmpty { return }
    describe(device, isNamed: false)
  }

  /// Takes a device in that the user named.
  mutating func addNamed(_ device: BlockDevice) { describe(device, isNamed: true) }

  private mutating func describe(_ device: BlockDevice, isNamed: Bool) {
    let refusal = tree.refusal(device)
    let udev = UdevRecord.read(device.number, sysroot: tree.sysroot)
    var partition = ScannedPartition(device: device.path)
    partition.kernelName = device.name
    partition.deviceNumber = device.number
    partition.partitionNumber = device.partitionNumber
    partition.sizeBytes = device.sizeBytes > 0 ? device.sizeBytes : nil
    partition.lengthBytes = partition.sizeBytes
    partition.partitionLabel = device.partitionLabel ?? udev?.partitionLabel
    partition.isReadOnly = device.isReadOnly
    partition.isLocal = refusal == nil
    partition.mounts = mounts[device.number] ?? []
    if let udev { partition.apply(udev.content) }

    var isKnown = partition.filesystemType != nil || partition.isAmbivalent
    if let mount = partition.mounts.first {
      // The kernel knows what it mounted; udev's record may be older than a mkfs.
      partition.isAmbivalent = false
      partition.usage = .filesystem
      if mount.filesystemType != "fuseblk" { partition.filesystemType = mount.filesystemType }
      // A file in memory or under an overlay is not opened as a device, but cannot keep a mount waiting either.
      if refusal == nil || (refusal == .loopElsewhere && tree.isOnHarmlessFilesystem(loop: device)) {
        let asked = MountedLabel(sysroot: tree.sysroot, mountTable: tree.mountTable).ask(partition.mounts)
        if case .label(let label) = asked {
          partition.filesystemLabel = label
          isKnown = true
        }
      }
    }
    let isListed = isKnown || partition.isMounted || (device.partitionNumber != nil && refusal == nil)
    found.append(
      Candidate(device: device, udev: udev, partition: partition, isListed: isListed, isNamed: isNamed))
    if isKnown && !isNamed || isKnown && partition.isMounted { return }
    if let refusal, !allDevices {
      notes.notOpened[refusal, default: []].append(device.name)
    } else {
      ask(device, candidate: found.count - 1)
    }
  }

  /// Where neither kernel nor udev read a disk's GPT, its table is asked for the partitions' names.
  mutating func addParentsForNames() {
    let byParent = Dictionary(grouping: found, by: { $0.device.parent ?? "" })
    for device in tree.devices {
      guard let partitions = byParent[device.name] else { continue }
      let isRead = partitions.contains { $0.device.partitionLabel != nil || $0.udev?.knowsPartitionEntry == true }
      if !isRead, tree.refusal(device) == nil || allDevices { ask(device, candidate: nil) }
    }
  }

  private mutating func ask(_ device: BlockDevice, candidate: Int?) {
    if let path = node(of: device) {
      questions.append(Question(device: device, path: path, candidate: candidate))
    } else {
      notes.withoutNode.append(device.name)
      failure = StorageError(.notFound, operation: "open", path: device.path, message: "there is no device node for it")
    }
  }

  /// Where the device can be opened: the node's /dev, or ours, which is the same kernel's. A file there that is not this
  /// device is not taken.
  private func node(of device: BlockDevice) -> FilePath? {
    if let nodes { return nodes(device) }
    let plain = FilePath("/dev").appending(device.nodeName)
    let places = [tree.sysroot.resolve(device.path), tree.sysroot.resolve(plain), plain]
    return places.first { place in
      guard let status = FileStatus.of(place) else { return false }
      return status.kind == .blockDevice && DeviceNumber(status.specialDevice) == device.number
    }
  }

  // MARK: Probing

  mutating func probe(with prober: any DeviceProber) {
    guard !questions.isEmpty else { return }
    let outcomes = prober.probe(questions.map(\.path))
    for (question, outcome) in zip(questions, outcomes) {
      switch outcome {
      case .facts(let facts):
        if let index = question.candidate { take(facts, index) } else { takeNames(facts, of: question.device) }
      case .failed(let error):
        notes.notReadable[error.message, default: []].append(question.device.name)
        failure = error
        failure?.path = question.device.path
      case .timedOut:
        notes.timedOut.append(question.device.name)
        failure = StorageError(
          .timedOut, operation: "probe", path: question.device.path, message: "the device did not answer in time",
          hint: "Look for hung tasks and I/O errors in the kernel log (dmesg).")
      }
    }
    questions = []
  }

  private mutating func take(_ facts: DeviceFacts, _ index: Int) {
    let device = found[index].device
    if facts.tooManyEntries { notes.others.append(.partitionTableTooLong(device.path)) }
    if !facts.entries.isEmpty, !found[index].partition.isMounted, !isOnlyFilesystem(device, facts) {
      guard found[index].isNamed else {
        notes.withoutPartitions.append(device.name)
        return
      }
      let outer = found[index].partition
      found[index].inside = ScannedPartition.inside(device.path, facts).map { inner in
        var inner = inner
        inner.isReadOnly = outer.isReadOnly
        inner.isLocal = outer.isLocal
        return inner
      }
      return
    }
    let isRecognised = facts.content.type != nil || facts.content.isAmbivalent
    if isRecognised || !found[index].partition.isMounted {
      found[index].partition.apply(facts.content)
    }
    if found[index].partition.sizeBytes == nil {
      found[index].partition.sizeBytes = facts.sizeBytes
      found[index].partition.lengthBytes = facts.sizeBytes
    }
    if isRecognised || found[index].isNamed { found[index].isListed = true }
  }

  /// Boot code at the start of a filesystem can look like a partition table. On a partition, a dm or md device the
  /// kernel looks for none, so there a filesystem that was recognised counts.
  private func isOnlyFilesystem(_ device: BlockDevice, _ facts: DeviceFacts) -> Bool {
    guard facts.content.type != nil else { return false }
    return device.partitionNumber != nil || [.deviceMapper, .md].contains(DeviceKind(device.name))
  }

  private mutating func takeNames(_ facts: DeviceFacts, of disk: BlockDevice) {
    for index in found.indices where found[index].device.parent == disk.name {
      let entry = facts.entries.first { $0.number == found[index].device.partitionNumber }
      found[index].partition.partitionLabel = found[index].partition.partitionLabel ?? entry?.name
    }
  }
}
