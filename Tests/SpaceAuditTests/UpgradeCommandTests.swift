import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import SpaceAudit

@Suite struct UpgradeCommandTests {
  static let rows: [(String, String?)] = [
    ("elemental upgrade --directory /tmp/x", "elemental upgrade"),
    ("/usr/bin/elemental --debug upgrade --system.uri dir:/", "elemental upgrade"),
    ("/tmp/tmp.abc/elemental upgrade --directory /tmp/tmp.x --config-dir /tmp/y --debug", "elemental upgrade"),
    ("elemental --config-dir /etc/elemental upgrade --recovery", "elemental upgrade"),
    ("elemental upgrade-recovery --recovery-system.uri oci:x", "elemental upgrade-recovery"),
    ("elemental install --firmware efi /dev/sda", "elemental install"),
    ("elemental reset --reboot", "elemental reset"),
    ("kairos-agent upgrade --source oci:quay.io/x", "kairos-agent upgrade"),
    ("/usr/bin/kairos-agent manual-install --device auto /oem/x.yaml", "kairos-agent manual-install"),
    ("/usr/bin/kairos-agent start", nil), ("kairos-agent interactive-install --shell", nil),
    ("kairos-agent upgrade list-releases --all", nil), ("kairos-agent run-stage boot", nil),
    ("kairos-agent phone-home", nil), ("kairos-agent", nil),
    ("elemental run-stage before-install", nil), ("elemental version", nil), ("elemental upgrade --help", nil),
    ("elemental build-iso dir:/x", nil), ("elemental-register --install", nil),
    ("/usr/sbin/elemental-system-agent sentinel", nil), ("elemental-operator upgrade", nil),
    ("grep elemental upgrade", nil), ("vi elemental upgrade", nil), ("", nil),
  ]

  @Test("only commands that write to the system partitions count", arguments: rows)
  func onlyCommandsThatWriteToTheSystemPartitionsCount(line: String, text: String?) {
    #expect(UpgradeCommand.text(of: line.split(separator: " ").map(String.init)) == text)
  }

  @Test("processes are found in the node's /proc, and it is known whether all were seen", arguments: [true, false])
  func processesAreFoundInTheNodesProc(allVisible: Bool) throws {
    let node = try RecordedRoot()
    try node.write("proc/cmdline", "quiet\n")
    if allVisible { try node.write("proc/2/comm", "kthreadd\n") }
    try node.process(1, "/usr/lib/systemd/systemd", "--switched-root")
    try node.process(977, "/usr/bin/kairos-agent", "start")
    try node.process(1234, "elemental", "--debug", "upgrade", "--system.uri", "dir:/")
    try node.write("proc/sys/kernel/hostname", "node")
    try node.write("proc/1235/status", "a process without a command line")
    let processes = NodeProcesses(node.sysroot)
    #expect(processes.upgrades() == ["elemental upgrade (process 1234)"])
    #expect(processes.areAllVisible == allVisible)
  }

  @Test("a lock is seen while it is held, and not when only its file is left")
  func aLockIsSeenWhileItIsHeldAndNotWhenOnlyItsFileIsLeft() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.write("", to: "upgrade.lock")
    let processes = NodeProcesses(Sysroot())
    let status = try #require(FileStatus.of(FilePath(file)))
    // In a container with processes of its own nothing can be told.
    let known = processes.areAllVisible
    #expect(processes.isLocked(status) == (known ? false : nil))
    let handle = open(file, O_RDWR | O_CLOEXEC)
    defer { close(handle) }
    #expect(flock(handle, LOCK_EX) == 0)
    #expect(processes.isLocked(status) == (known ? true : nil))
    #expect(flock(handle, LOCK_UN) == 0)
    #expect(processes.isLocked(status) == (known ? false : nil))
  }
}
