import LinuxStorage
import SpaceModel
import Testing

@testable import PartitionScanner

/// The live scan on recorded nodes: what is opened, what is folded, what is said of the rest.
@Suite struct LiveScannerTests {
  @Test("only local devices are opened, the others are named with a reason")
  func onlyLocalDevicesAreOpenedTheOthersAreNamedWithAReason() throws {
    var node = try RecordedNode()
    for name in ["sda", "vdb", "xvdc", "hdd", "mmcblk0", "pmem0", "dasda"] { try node.add(name) }
    try node.add("nvme0n1", attributes: ["device/transport": "pcie"])
    try node.add("nvme1n1", attributes: ["device/nvme1/transport": "pcie", "device/nvme2/transport": "pcie"])
    try node.add("nvme1c1n1", attributes: ["hidden": "1"])
    try node.add("nvme2n1", attributes: ["device/transport": "tcp"])
    try node.add("nvme3n1")
    for name in ["nbd0", "rbd0", "drbd0", "sr0", "fd0", "zram0", "ram0", "bcache0", "zd0"] { try node.add(name) }
    try node.add("nbd1", mebibytes: 0)
    try node.add("sdl", attributes: ["device/vendor": "IET     ", "device/model": "VIRTUAL-DISK    "])
    try node.add("sdm", attributes: ["device/vendor": "IET     ", "device/model": "Controller      "])
    try node.add("dm-0", slaves: ["sda"], attributes: ["dm/name": "good"])
    try node.add("dm-1", slaves: ["sda", "nbd0"], attributes: ["dm/name": "half"])
    try node.add("dm-2", attributes: ["dm/name": "none"])
    try node.add("dm-3", slaves: ["vdb"], attributes: ["dm/name": "asleep", "dm/suspended": "1"])
    try node.add("md127", slaves: ["vdb", "xvdc"])

    let (scan, opened) = node.scan()
    #expect(
      opened.sorted() == [
        "dasda", "dm-0", "hdd", "md127", "mmcblk0", "nvme0n1", "nvme1n1", "pmem0", "sda", "sdm", "vdb", "xvdc",
      ])
    #expect(scan.limits.allSatisfy { $0.id == "device-not-opened" })
    let names = scan.limits.map { String($0.message.dropFirst("not opened: ".count).prefix { $0 != "(" }) }
    #expect(
      Set(names) == [
        "drbd0, nbd0, rbd0 ", "fd0, sr0 ", "ram0, zram0 ", "sdl ", "nvme2n1, nvme3n1 ", "dm-1, dm-2 ", "dm-3 ",
        "bcache0, zd0 ",
      ])
    #expect(node.scan(allDevices: true).opened.contains("nbd0"))
    #expect(node.scan(allDevices: true).scan.limits.isEmpty)
  }

  @Test("a loop device is opened where its file lies on a local disk")
  func aLoopDeviceIsOpenedWhereItsFileLiesOnALocalDisk() throws {
    var node = try RecordedNode()
    try node.add("sda")
    try node.add("sda1", of: "sda")
    try node.add("sdl", attributes: ["device/vendor": "IET", "device/model": "VIRTUAL-DISK"])
    node.mount("sda1", at: "/data", type: "ext4")
    node.mount("0:50", at: "/data/fuse", type: "fuse.x", source: "x")
    node.mount("sdl", at: "/data/pvc", type: "ext4")
    node.mount("0:51", at: "/btr", type: "btrfs", source: "/dev/sda1")
    let files = [
      "loop0": "/data/a.img", "loop1": "/data/fuse/b.img", "loop2": "/data/pvc/c.img", "loop4": "/nowhere/d.img",
      "loop5": "/data/a b.img (deleted)", "loop6": "/btr/@/x.img", "loop7": "/loops/of/itself",
    ]
    for (name, file) in files { try node.add(name, major: 7, attributes: ["loop/backing_file": file]) }
    try node.add("loop3", major: 7)
    node.mount("loop7", at: "/loops", type: "ext4")
    let (scan, opened) = node.scan()
    #expect(opened.filter { $0 != "sda" }.sorted() == ["loop0", "loop5", "loop6", "sda1"])
    #expect(scan.limits.map(\.message).contains { $0.contains("loop1, loop2, loop4, loop7") })
    #expect(!scan.limits.contains { $0.message.contains("loop3") })
    let deleted = try #require(scan.loops.first { $0.name == "loop5" })
    #expect(deleted.isDeleted && deleted.backingFile == "/data/a b.img")
    #expect(scan.loops.map(\.name) == ["loop0", "loop1", "loop2", "loop4", "loop5", "loop6", "loop7"])
  }

  @Test("multipath, LUKS, LVM and md are seen from the top") func multipathLUKSLVMAndMdAreSeenFromTheTop() throws {
    var node = try RecordedNode()
    // Two paths to one disk, with partitions of their own that the multipath device shadows.
    for disk in ["sda", "sdb"] {
      try node.add(disk, holders: ["dm-0"])
      try node.add("\(disk)4", of: disk)
    }
    try node.add("dm-0", holders: ["dm-1"], slaves: ["sda", "sdb"], attributes: ["dm/name": "mpatha"])
    try node.add("dm-1", slaves: ["dm-0"], attributes: ["dm/name": "mpatha-part4", "dm/uuid": "part4-mpath-36001"])
    // An opened LUKS container, and one that is not.
    try node.add("sdc")
    try node.add("sdc1", of: "sdc", holders: ["dm-2"])
    try node.add("dm-2", slaves: ["sdc1"], attributes: ["dm/name": "open", "dm/uuid": "CRYPT-LUKS2-x"])
    try node.add("sdc2", of: "sdc")
    // md members.
    try node.add("sdd", holders: ["md0"])
    try node.add("sde", holders: ["md0"])
    try node.add("md0", slaves: ["sdd", "sde"])
    // The container of logical partitions and one of them.
    try node.add("sdf")
    try node.add("sdf2", of: "sdf", mebibytes: 0)
    try node.add("sdf5", of: "sdf")
    node.answers("dm-1", type: "ext4", label: "COS_STATE")
    node.answers("dm-2", type: "ext4", label: "COS_STATE")
    node.answers("sdc2", type: "crypto_LUKS", label: "COS_STATE", usage: .crypto)
    node.answers("md0", type: "xfs")
    let (scan, opened) = node.scan()
    #expect(
      scan.partitions.map(\.device) == [
        "/dev/mapper/mpatha-part4", "/dev/mapper/open", "/dev/md0", "/dev/sdc2", "/dev/sdf5",
      ])
    #expect(!opened.contains("sda") && !opened.contains("sda4") && !opened.contains("sdc1") && !opened.contains("sdd"))
    #expect(scan.partitions.map(\.isNotFilesystem) == [false, false, false, true, false])
    #expect(scan.partitions.map(\.partitionNumber) == [nil, nil, nil, 2, 5])
  }

  @Test("what sysfs and udev know is not asked of the device") func whatSysfsAndUdevKnowIsNotAskedOfTheDevice() throws {
    var node = try RecordedNode()
    try node.add("sda")
    try node.add("sda1", of: "sda", attributes: ["uevent": "DEVNAME=sda1\nPARTN=1\nPARTNAME=my state"])
    try node.udev("sda1", "ID_FS_TYPE=ext4", "ID_FS_LABEL=a_b", "ID_FS_LABEL_ENC=a\\x20\"b", "ID_FS_USAGE=filesystem")
    try node.add("sda2", of: "sda")
    try node.udev("sda2", "ID_FS_AMBIVALENT=other:ext4: other:xfs_external_log:")
    try node.add("nbd0")
    try node.udev("nbd0", "ID_FS_TYPE=ext4", "ID_FS_LABEL_ENC=COS_STATE")
    let (scan, opened) = node.scan()
    #expect(opened.isEmpty)
    #expect(scan.limits.isEmpty)
    #expect(scan.partitions.map(\.filesystemLabel) == ["COS_STATE", "a\u{20}\"b", nil])
    #expect(scan.partitions.map(\.partitionLabel) == [nil, "my state", nil])
    #expect(scan.partitions.map(\.isAmbivalent) == [false, false, true])
    #expect(scan.partitions.map(\.isLocal) == [false, true, true])
  }

  @Test("without udev the partition names come from the disk's own table")
  func withoutUdevThePartitionNamesComeFromTheDisksOwnTable() throws {
    var node = try RecordedNode()
    try node.add("vda")
    try node.add("vda1", of: "vda")
    try node.add("vda2", of: "vda")
    let entry = { (number: Int, name: String?) in
      DeviceFacts.Entry(number: number, start: 0, length: 1, name: name, content: ContentFacts())
    }
    node.outcomes["/dev/vda"] = .facts(
      DeviceFacts(
        sizeBytes: 100, sectorSize: 512, tableType: "gpt", entries: [entry(1, nil), entry(2, "state")],
        tooManyEntries: false, content: ContentFacts()))
    let (scan, _) = node.scan()
    #expect(scan.partitions.map(\.partitionLabel) == [nil, "state"])
  }

  @Test("boot code in a partition's filesystem is no partition table")
  func bootCodeInAPartitionsFilesystemIsNoPartitionTable() throws {
    var node = try RecordedNode()
    try node.add("sda")
    try node.add("sda1", of: "sda", attributes: ["uevent": "PARTNAME=boot"])
    try node.add("sdb")
    var content = ContentFacts()
    content.type = "ext4"
    let facts = DeviceFacts(
      sizeBytes: 100, sectorSize: 512, tableType: "dos",
      entries: [.init(number: 1, start: 0, length: 1, name: nil, content: ContentFacts())], tooManyEntries: false,
      content: content)
    node.outcomes["/dev/sda1"] = .facts(facts)
    node.outcomes["/dev/sdb"] = .facts(facts)
    let scan = node.scan().scan
    #expect(scan.partitions.map(\.filesystemType) == ["ext4"])
    #expect(scan.limits.map(\.id) == ["partitions-unknown-to-kernel"])
  }

  @Test("every mount of a device is there, btrfs by its source") func everyMountOfADeviceIsThereBtrfsByItsSource()
    throws
  {
    var node = try RecordedNode()
    for name in ["sda", "sdb", "sdc"] { try node.add(name) }
    node.mount("sda", at: "/a", type: "ext4")
    node.mount("sda", at: "/a\\040b", type: "ext4", root: "/sub")
    node.mount("0:40", at: "/", type: "btrfs", root: "/@", source: "/dev/sdb")
    node.mount("0:40", at: "/.snapshots", type: "btrfs", root: "/@/.snapshots", source: "/dev/sdb")
    node.mount("0:41", at: "/tmp", type: "tmpfs", source: "/dev/sdc")
    let scan = node.scan().scan
    #expect(scan.partitions.map(\.device) == ["/dev/sda", "/dev/sdb"])
    #expect(scan.partitions.map { $0.mounts.map(\.mountpoint) } == [["/a", "/a b"], ["/", "/.snapshots"]])
    #expect(scan.partitions.map(\.filesystemType) == ["ext4", "btrfs"])
  }

  @Test("a mounted btrfs of several devices is one filesystem") func aMountedBtrfsOfSeveralDevicesIsOneFilesystem()
    throws
  {
    var node = try RecordedNode()
    for name in ["sda", "sdb", "sdc"] { try node.add(name) }
    for name in ["sda", "sdb"] { try node.scratch.write("sys/fs/btrfs/1b4c/devices/\(name)", "") }
    try node.scratch.write("sys/fs/btrfs/features/raid1c34", "0")
    node.mount("0:40", at: "/x", type: "btrfs", source: "/dev/sda")
    let (scan, opened) = node.scan()
    #expect(scan.partitions.map(\.device) == ["/dev/sda"])
    #expect(!opened.contains("sdb") && opened.contains("sdc"))
  }

  @Test("a device that fails or does not answer is a limit, the rest is there")
  func aDeviceThatFailsOrDoesNotAnswerIsALimitTheRestIsThere() throws {
    var node = try RecordedNode()
    for name in ["sda", "sdb", "sdc", "sdd"] { try node.add(name) }
    node.outcomes["/dev/sda"] = .timedOut
    for name in ["sdb", "sdc"] {
      node.outcomes[FilePath("/dev/\(name)")] = .failed(
        SystemCallTable.error(operation: "probe", path: "x", call: "openat", errno: 13))
    }
    node.answers("sdd", type: "ext4", label: "L")
    let scan = node.scan().scan
    #expect(
      scan.limits == [
        Limit("device-not-readable", "cannot read sdb, sdc: permission denied"),
        Limit("device-timeout", "no answer in time from sda"),
      ])
    #expect(scan.partitions.map(\.device) == ["/dev/sdd"])
  }

  @Test("the running root is found through its loop device", arguments: [false, true])
  func theRunningRootIsFoundThroughItsLoopDevice(isDeleted: Bool) throws {
    var node = try RecordedNode()
    try node.add("sda")
    try node.add("sda4", of: "sda")
    let mark = isDeleted ? " (deleted)" : ""
    try node.add(
      "loop0", major: 7, attributes: ["loop/backing_file": "/run/initramfs/cos-state/cOS/active.img" + mark, "ro": "1"])
    node.mount("sda4", at: "/run/initramfs/cos-state", type: "ext4")
    node.mount("loop0", at: "/", type: "ext2")
    let root = try #require(node.tree.runningRoot)
    #expect(root.image == "/run/initramfs/cos-state/cOS/active.img")
    #expect(root.imageInFilesystem == "/cOS/active.img")
    #expect(root.partition == node.tree["sda4"]?.number)
    #expect(root.loop.isDeleted == isDeleted && root.loop.isRunningRoot && root.loop.isReadOnly)
  }

  @Test("a root that is no loop device has no running image") func aRootThatIsNoLoopDeviceHasNoRunningImage() throws {
    var node = try RecordedNode()
    try node.add("sda")
    node.mount("sda", at: "/", type: "ext4")
    #expect(node.tree.runningRoot == nil)
  }
}
