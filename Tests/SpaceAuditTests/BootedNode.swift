import Foundation
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport
import TestSupport

@testable import SpaceAudit

/// A node's root that runs, as far as the kernel is concerned: COS_STATE on a loop device, one of its images mounted
/// read-only through another, and COS_STATE moved to where the initramfs has it below that. /run and /proc are files.
final class BootedNode {
  let scratch: ScratchDirectory
  let label = "T" + String(UInt32.random(in: .min ... .max), radix: 36).uppercased()
  /// The node's root.
  let root: String
  /// Where COS_STATE is mounted, as we see it.
  let state: String
  private let base: String
  private var loops: [TestSupport.LoopDevice] = []

  /// - Parameters:
  ///   - image: What is booted, below COS_STATE.
  ///   - layout: Shell commands that put images onto COS_STATE; the current directory is its root, and `$IMAGE` an
  ///     image.
  init(booting image: String, sentinel: String, commandLine: String, layout: String = BootedNode.images) throws {
    scratch = try ScratchDirectory()
    base = try scratch.directory("base")
    root = base + "/root"
    state = root + "/run/initramfs/cos-state"
    let tree = try scratch.directory("tree")
    for name in ["run", "proc", "etc", "dev"] { _ = try scratch.directory("tree/" + name) }
    try scratch.write("ID=sle-micro\nPRETTY_NAME=\"Node v1.0.0\"\n", to: "tree/etc/os-release")
    let inner = try scratch.sparseFile("inner.img", bytes: 8 << 20)
    try Command.check("mkfs.ext2", "-q", "-F", "-L", "COS_ACTIVE", "-d", tree, inner)
    let filesystem = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 96, mkfsArguments: ["-L", label])

    // A mount can be moved only from below one that is not shared, and systemd shares all.
    try Command.check("mount", "-t", "tmpfs", "tmpfs", base)
    try Command.check("mount", "--make-private", base)
    try Command.check("mkdir", root, base + "/initramfs")
    let disk = try TestSupport.LoopDevice(image: filesystem)
    loops.append(disk)
    try Command.check("mount", disk.path, base + "/initramfs")
    try Command.check(
      "sh", "-e", "-c", layout, environment: ["IMAGE": inner], directory: base + "/initramfs")
    let running = try TestSupport.LoopDevice(image: base + "/initramfs/" + image, readOnly: true)
    loops.append(running)
    try Command.check("mount", "-o", "ro", running.path, root)
    for name in ["run", "proc"] { try Command.check("mount", "-t", "tmpfs", "tmpfs", "\(root)/\(name)") }
    try Command.check("mkdir", "-p", state, root + "/run/cos", root + "/proc/2")
    try Command.check("mount", "--move", base + "/initramfs", state)
    try Command.check("mount", "-o", "remount,ro", state)
    try write("1", to: "run/cos/" + sentinel)
    try write(commandLine + "\n", to: "proc/cmdline")
    try write("kthreadd\n", to: "proc/2/comm")
  }

  /// As the installer of elemental 1 leaves it.
  static let images = """
    mkdir cOS
    cp --sparse=always "$IMAGE" cOS/active.img
    cp --sparse=always "$IMAGE" cOS/passive.img
    """

  /// What an upgrade of elemental 1 does once the new image is written, whatever was booted.
  static let upgrade = """
    cp --sparse=always cOS/active.img cOS/transition.img
    mv -f cOS/active.img cOS/passive.img
    mv -f cOS/transition.img cOS/active.img
    """

  deinit {
    // The root lies on COS_STATE and COS_STATE below the root: only together can they go.
    _ = try? Command.run("umount", "--recursive", "--lazy", base)
    for loop in loops.reversed() { try? loop.detach() }
  }

  func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/" + path))
  }

  /// Runs shell commands in COS_STATE, made writable for that as an upgrade does.
  func onState(_ script: String) throws {
    try Command.check("mount", "-o", "remount,rw", state)
    try Command.check("sh", "-e", "-c", script, directory: state)
    try Command.check("sync", "-f", state)
    // Fails where a deleted file is still in use, as it does on a node.
    _ = try Command.run("mount", "-o", "remount,ro", state)
  }

  /// An upgrade that is filling its image: the work tree is bound to its place, the image behind a loop device.
  func withUpgradeRunning<Value>(_ body: () throws -> Value) throws -> Value {
    try Command.check("mount", "-o", "remount,rw", state)
    try Command.check("mkdir", "-p", state + "/cOS/transition.imgTree/etc", root + "/run/cos/workingtree")
    try Command.check("mount", "--bind", state + "/cOS/transition.imgTree", root + "/run/cos/workingtree")
    defer { _ = try? Command.run("umount", root + "/run/cos/workingtree") }
    try Command.check("truncate", "-s", "64M", state + "/cOS/transition.img")
    let filling = try TestSupport.LoopDevice(image: state + "/cOS/transition.img")
    let value = try body()
    try filling.detach()
    // The kernel lets go of the file when the last one who looked at the device closes it.
    for _ in 0..<100 where access("/sys/block/\(filling.name)/loop/backing_file", F_OK) == 0 { usleep(50_000) }
    return value
  }

  /// The report of an audit below the sysroot.
  func audit(_ prober: any DeviceProber = NoProber()) throws -> Report {
    var request = AuditRequest()
    request.sysroot = Sysroot(FilePath(root))
    request.labels = [label]
    var auditor = Auditor(request, prober: prober, worker: nil)
    return try auditor.run(tool: Report.Tool(name: "headroom", version: "0"), generatedAt: "2026-01-01T00:00:00Z")
      .report
  }
}
