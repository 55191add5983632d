import Foundation
import LinuxStorage
import SpaceModel
import TestSupport

@testable import PartitionScanner
@testable import SpaceAudit

/// A node's root directory as files in a scratch directory: /proc, /run, sysfs; and its mounts.
final class RecordedRoot {
  let scratch: ScratchDirectory
  private var mountLines: [String] = []

  init() throws {
    scratch = try ScratchDirectory()
    // Without it the sysfs of the machine that runs the tests would be read.
    _ = try scratch.directory("sys/class/block")
  }

  var sysroot: Sysroot { Sysroot(FilePath(scratch.path)) }
  var mounts: MountTable { MountTable(parsing: Array(mountLines.joined(separator: "\n").utf8)) }

  func write(_ path: String, _ text: String) throws {
    let directory = path.split(separator: "/").dropLast().joined(separator: "/")
    if !directory.isEmpty { _ = try scratch.directory(directory) }
    try scratch.write(text, to: path)
  }

  func process(_ number: Int, _ words: String...) throws {
    try write("proc/\(number)/cmdline", words.map { $0 + "\0" }.joined())
    try write("proc/\(number)/comm", (words[0].split(separator: "/").last ?? "") + "\n")
  }

  /// A loop device with a file; the path is the node's.
  func loop(_ number: Int, on file: String, readOnly: Bool = true) throws {
    let directory = "sys/class/block/loop\(number)"
    try write("\(directory)/dev", "7:\(number)\n")
    try write("\(directory)/size", "2048\n")
    try write("\(directory)/ro", readOnly ? "1\n" : "0\n")
    try write("\(directory)/loop/backing_file", scratch.file(String(file.drop { $0 == "/" })) + "\n")
  }

  func disk(_ name: String, minor: Int) throws {
    try write("sys/class/block/\(name)/dev", "8:\(minor)\n")
    try write("sys/class/block/\(name)/size", "2048\n")
  }

  func mount(_ device: String, at mountpoint: String, type: String = "ext4", root: String = "/", source: String = "x") {
    mountLines.append("30 1 \(device) \(root) \(mountpoint) rw,relatime - \(type) \(source) rw")
  }

  /// A node with COS_STATE on sda4 where it has it, running from one of its images.
  func boot(_ image: String, sentinel: String? = nil, commandLine: String? = nil) throws {
    try disk("sda4", minor: 4)
    try loop(0, on: "/run/initramfs/cos-state/" + image)
    mount("7:0", at: "/", type: "ext2")
    mount("8:4", at: "/run/initramfs/cos-state")
    if let sentinel { try write("run/cos/\(sentinel)", "1") }
    try write("proc/cmdline", (commandLine ?? "") + "\n")
    try write("proc/2/comm", "kthreadd\n")
  }

  func detect() -> BootStateDetection {
    var scanner = LiveScanner(sysroot: sysroot, prober: NoProber())
    scanner.mountTable = mounts
    return BootStateDetection(
      scan: scanner.scan(), mounts: mounts, devices: [DeviceNumber(major: 8, minor: 4)], sysroot: sysroot)
  }
}
