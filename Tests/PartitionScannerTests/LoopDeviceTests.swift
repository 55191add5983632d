import Foundation
import LinuxStorage
import SpaceModel
import Testing

@testable import PartitionScanner

extension Trait where Self == ConditionTrait {
  static var needsLoopDevices: Self {
    .enabled(
      if: geteuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0, "needs root and /dev/loop-control")
  }
}

/// The live scan on real loop devices, against lsblk and blkid.
@Suite(.serialized, .needsLoopDevices) struct LoopDeviceTests {
  /// A loop device for as long as the value lives.
  final class Loop {
    let path: String
    private var hasPartitions = false
    private var mountpoints: [String] = []
    var name: String { String(path.dropFirst(5)) }

    init(_ file: String, options: [String] = []) throws {
      path = try Tool.run("losetup", ["-f", "--show"] + options + [file]).text.trimmingCharacters(in: .newlines)
    }

    func addPartitions(sectorSize: Int = 512) throws {
      // The kernel may know the table by itself (losetup -P); partx then says the partitions exist.
      try Tool.run("partx", ["-a", path], checked: false)
      hasPartitions = true
    }

    func mount(_ device: String, at mountpoint: String, _ options: [String] = []) throws {
      try FileManager.default.createDirectory(atPath: mountpoint, withIntermediateDirectories: true)
      try Tool.run("mount", options + [device, mountpoint])
      mountpoints.append(mountpoint)
    }

    deinit {
      for mountpoint in mountpoints.reversed() { _ = try? Tool.run("umount", [mountpoint]) }
      if hasPartitions { _ = try? Tool.run("partx", ["-d", path]) }
      _ = try? Tool.run("losetup", ["-d", path])
    }
  }

  struct Row: Decodable {
    var name: String
    var size: UInt64
    var number: String
    var ro: Bool
    var fstype: String?
    var label: String?
    var mountpoints: [String?]
    var children: [Row]?

    enum CodingKeys: String, CodingKey {
      case name, size, ro, fstype, label, mountpoints, children
      case number = "maj:min"
    }
  }

  static func lsblk(_ device: String) throws -> [Row] {
    struct Report: Decodable { var blockdevices: [Row] }
    let json = try Tool.run("lsblk", ["-bJ", "-o", "NAME,SIZE,MAJ:MIN,RO,FSTYPE,LABEL,MOUNTPOINTS", device]).output
    let rows = try JSONDecoder().decode(Report.self, from: Data(json)).blockdevices
    return rows.flatMap { $0.children ?? [$0] }
  }

  private func scan(_ loop: Loop) -> [ScannedPartition] {
    LiveScanner(sysroot: Sysroot(), prober: InProcessProber()).scan().partitions.filter {
      $0.kernelName == loop.name || $0.kernelName?.hasPrefix(loop.name + "p") == true
    }
  }

  @Test("partitions of a disk equal lsblk and blkid, mounted and not", arguments: [0, 2, 8])
  func partitionsOfADiskEqualLsblkAndBlkidMountedAndNot(number: Int) throws {
    let scratch = try Scratch()
    let disk = try GeneratedDisk.make(number, in: scratch)
    let loop = try Loop(disk.path)
    try loop.addPartitions()
    let before = scan(loop)
    #expect(before.map(\.partitionNumber) == disk.expected.map { Optional($0.number) })
    #expect(before.map(\.partitionLabel) == disk.expected.map(\.name))
    #expect(before.map(\.sizeBytes) == disk.expected.map { Optional($0.length) })
    for partition in before { #expect(try partition.blkid == BlkidAnswer.ask(partition.device.display)) }

    for partition in before where ["ext2", "ext4", "xfs", "btrfs"].contains(partition.filesystemType ?? "") {
      let place = scratch.file("mnt \(partition.partitionNumber ?? 0)")
      try loop.mount(partition.device.display, at: place)
      try loop.mount(place, at: place + "-bind", ["--bind"])
    }
    // lsblk without udev reads the partitions through the whole disk's cache or not at all: sizes, numbers, mounts.
    let after = scan(loop)
    let rows = try Self.lsblk(loop.path).filter { $0.size > 4096 }
    #expect(after.map(\.kernelName) == rows.map { Optional($0.name) })
    for (partition, row) in zip(after, rows) {
      #expect(partition.deviceNumber?.description == row.number)
      #expect(partition.sizeBytes == row.size)
      #expect(partition.isReadOnly == row.ro)
      // lsblk attributes btrfs mounts by the source, too.
      #expect(Set(partition.mounts.map(\.mountpoint.display)) == Set(row.mountpoints.compactMap { $0 }))
    }
    for (mounted, unmounted) in zip(after, before) {
      #expect(mounted.filesystemType == unmounted.filesystemType)
      #expect(mounted.filesystemLabel == unmounted.filesystemLabel)
      #expect(mounted.partitionLabel == unmounted.partitionLabel)
    }
  }

  @Test("a disk the kernel has no partitions of is a limit, and found by offset when named")
  func aDiskTheKernelHasNoPartitionsOfIsALimitAndFoundByOffsetWhenNamed() throws {
    let scratch = try Scratch()
    let disk = try GeneratedDisk.make(0, in: scratch)
    let loop = try Loop(disk.path)
    let scanner = LiveScanner(sysroot: Sysroot(), prober: InProcessProber())
    let general = scanner.scan()
    #expect(!general.partitions.contains { $0.kernelName == loop.name })
    #expect(general.limits.contains { $0.id == "partitions-unknown-to-kernel" && $0.message.contains(loop.name) })
    #expect(general.loops.first { $0.name == loop.name }?.backingFile.components == FilePath(disk.path).components)

    let named = try scanner.probeExplicit(FilePath(loop.path))
    let offline = try DiskImageScanner.scan(ReadOnlyFile.open(FilePath(disk.path), expecting: .regularFile))
    #expect(named.partitions.map(\.range) == offline.partitions.map(\.range))
    #expect(named.partitions.map(\.blkid) == offline.partitions.map(\.blkid))
    #expect(named.partitions.map(\.device.display) == disk.expected.map { "\(loop.path)#\($0.number)" })
    #expect(named.partitions.allSatisfy { $0.container.display == loop.path })

    try loop.addPartitions()
    let kernel = try scanner.probeExplicit(FilePath(loop.path))
    #expect(kernel.partitions.map(\.device.display) == disk.expected.map { "\(loop.path)p\($0.number)" })
    #expect(kernel.partitions.map(\.partitionLabel) == disk.expected.map(\.name))
  }

  @Test("a read-only loop device with a filesystem, mounted and changed since, says its label itself")
  func aReadOnlyLoopDeviceWithAFilesystemMountedAndChangedSinceSaysItsLabelItself() throws {
    let scratch = try Scratch()
    let image = try scratch.sparse("fs", bytes: 32 << 20)
    try Tool.run("mke2fs", ["-q", "-F", "-t", "ext4", "-L", "OLD", image])
    let loop = try Loop(image)
    try loop.mount(loop.path, at: scratch.file("mnt"))
    try Tool.run("tune2fs", ["-L", "it's new", loop.path])
    #expect(scan(loop).map(\.filesystemLabel) == ["it's new"])
    let second = try Loop(image, options: ["-r"])
    #expect(scan(second).map(\.isReadOnly) == [true])
    let named = try LiveScanner(sysroot: Sysroot(), prober: InProcessProber()).probeExplicit(FilePath(loop.path))
    #expect(named.partitions.map { $0.mounts.map(\.mountpoint.lastComponent) } == [["mnt"]])
  }

  @Test("what is named and is no block device, or is not there, is said so")
  func whatIsNamedAndIsNoBlockDeviceOrIsNotThereIsSaidSo() throws {
    let scanner = LiveScanner(sysroot: Sysroot(), prober: InProcessProber())
    #expect(throws: StorageError.self) { try scanner.probeExplicit("/dev/null") }
    do throws(StorageError) {
      _ = try scanner.probeExplicit("/dev/nothing-here")
      Issue.record("no error")
    } catch {
      #expect(error.summary == "cannot open '/dev/nothing-here': there is no such device")
    }
    let scratch = try Scratch()
    let loop = try Loop(try scratch.sparse("stuck", bytes: 1 << 20))
    let stuck = LiveScanner(
      sysroot: Sysroot(),
      prober: ChildProber(executable: "/bin/sh", arguments: ["-c", "exec sleep 100"], timeLimitSeconds: 0.2))
    let start = ContinuousClock.now
    do throws(StorageError) {
      _ = try stuck.probeExplicit(FilePath(loop.path))
      Issue.record("no error")
    } catch {
      #expect(error.code == .timedOut)
      #expect(error.path.display == loop.path)
    }
    #expect(ContinuousClock.now - start < .seconds(5))
  }
}
