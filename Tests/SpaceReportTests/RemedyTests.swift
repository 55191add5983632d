import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import SpaceReport

@Suite struct RemedyTests {
  private static func partition(
    _ state: Partition.State, at mountpoint: FilePath? = nil, readOnly: Bool? = nil, label: String? = "COS_STATE",
    device: FilePath = "/dev/sda4"
  ) -> Partition {
    var partition = Partition(device: device, state: state, mountpoints: mountpoint.map { [$0] } ?? [])
    partition.filesystemLabel = label
    partition.isMountedReadOnly = readOnly
    partition.wholeMountpoint = mountpoint
    return partition
  }

  /// Both ways to dig, as they stand below each other.
  private static func dig(
    _ path: String, at place: String? = nil, options: String = "--apply", indent: String = ""
  ) -> String {
    let plain = "fallocate --dig-holes \(path)"
    let whole = place.map { "mount -o remount,rw \($0) && \(plain); mount -o remount,ro \($0)" } ?? plain
    return "\(indent)headroom reclaim \(options)\(place == nil ? "" : " --remount") --verify \(path)\n"
      + "\(indent)# without headroom: \(whole)"
  }

  static let rows: [(Partition, FilePath, String)] = [
    (partition(.mounted, at: "/data", readOnly: false), "a.img", dig("/data/a.img")),
    (
      partition(.mounted, at: "/run/initramfs/cos-state", readOnly: true), "cOS/passive.img",
      dig("/run/initramfs/cos-state/cOS/passive.img", at: "/run/initramfs/cos-state")
    ),
    // A disk that is not mounted here: the command is for the node it comes from.
    (
      partition(.offline, device: "node.img#4"), "cOS/passive.img",
      "# on the node that node.img#4 comes from:\n"
        + dig("/run/initramfs/cos-state/cOS/passive.img", at: "/run/initramfs/cos-state")
    ),
    (
      partition(.offline, label: "COS_RECOVERY", device: "node.img#3"), "cOS/recovery.img",
      "# on the node that node.img#3 comes from:\nmount -L COS_RECOVERY /mnt && {\n"
        + dig("/mnt/cOS/recovery.img", indent: "  ") + "\n  umount /mnt\n}"
    ),
    (
      partition(.offline, label: "two words", device: "/dev/sdb1"), "a.img",
      "mount /dev/sdb1 /mnt && {\n" + dig("/mnt/a.img", indent: "  ") + "\n  umount /mnt\n}"
    ),
    (
      partition(.offline, label: nil, device: "/dev/sdb1"), "it's.img",
      "mount /dev/sdb1 /mnt && {\n" + dig("'/mnt/it'\\''s.img'", indent: "  ") + "\n  umount /mnt\n}"
    ),
    // Only a part of it is mounted: its path from there is not known, and it is as read-only at /mnt.
    (
      partition(.mounted, readOnly: true, label: "COS_STATE"), "cOS/passive.img",
      "mount /dev/sda4 /mnt && {\n" + dig("/mnt/cOS/passive.img", at: "/mnt", indent: "  ") + "\n  umount /mnt\n}"
    ),
    (
      partition(.offline, label: nil, device: "node.img#4"), "a.img",
      "On the node, run headroom reclaim --apply on a.img, or fallocate --dig-holes without it."
    ),
    (partition(.mounted, at: "/my disk", readOnly: false), "a b.img", dig("'/my disk/a b.img'")),
  ]

  @Test("the remedy is a command for where the image lies", arguments: rows)
  func theRemedyIsACommandForWhereTheImageLies(
    partition: Partition, path: FilePath, command: String
  ) {
    #expect(Remedy.digHoles(in: Samples.image(path), on: partition) == command)
  }

  @Test("a shell can read it", arguments: rows) func aShellCanReadIt(
    partition: Partition, path: FilePath, command: String
  ) throws {
    guard !command.hasSuffix(".") else { return }
    for shell in ["sh", "bash"] {
      try Command.check(shell, "-n", "-c", Remedy.digHoles(in: Samples.image(path), on: partition))
    }
  }

  @Test("where the audit was told the node's root, so is reclaim; a disk image has another node") func sysroot() {
    let mounted = Self.partition(.mounted, at: "/run/initramfs/cos-state", readOnly: true)
    let lines = Remedy.digHoles(in: Samples.image("cOS/a b.img"), on: mounted, sysroot: "/my host").split(
      separator: "\n")
    #expect(
      lines[0] == "headroom reclaim --sysroot '/my host' --apply --remount --verify "
        + "'/run/initramfs/cos-state/cOS/a b.img'")
    #expect(lines[1].hasPrefix("# without headroom, on the node: mount "))
    let disk = Self.partition(.offline, device: "node.img#4")
    #expect(!Remedy.digHoles(in: Samples.image("a.img"), on: disk, sysroot: "/host").contains("--sysroot"))
  }

  @Test("there is no command where reclaim would refuse") func noCommandWhereReclaimRefuses() {
    let partition = Self.partition(.mounted, at: "/data", readOnly: false)
    var written = Samples.image("a.img")
    written.inUse = ImageInUse(by: "loop3", writable: true)
    var read = written
    read.inUse?.writable = false
    #expect(Remedy.digHoles(in: written, on: partition).hasPrefix("Detach loop3 first"))
    #expect(Remedy.digHoles(in: read, on: partition).hasPrefix("headroom reclaim --apply --verify /data/a.img\n"))
    #expect(!Remedy.digHoles(in: Samples.image("a.img", role: .transition), on: partition).contains("reclaim"))
    for state in [Integrity.State.damaged, .suspect, .clean, .unknown] {
      var image = Samples.image("a.img")
      image.integrity = Integrity(state: state, reason: "So it is.")
      let isRefused = state == .damaged || state == .suspect
      #expect(Remedy.digHoles(in: image, on: partition).contains("reclaim") == !isRefused, "\(state)")
    }
  }

  @Test("what makes an upgrade fit: each step with its own way to make the partition writable")
  func stepsOfAProjection() throws {
    var partition = Self.partition(.mounted, at: "/state", readOnly: true)
    partition.images = [
      Samples.image("cOS/a.img", reclaimable: .gibibytes(1)),
      Samples.image("cOS/passive.img", reclaimable: .gibibytes(1), basis: .estimate),
    ]
    partition.leftovers = [Partition.Leftover(path: "cOS/transition.img", allocatedBytes: .gibibytes(2))]
    var projection = try #require(Samples.full().projections.first)
    projection.remedy = ["remove-leftovers", "dig-holes:cOS/passive.img", "dig-holes:cOS/a.img"]
    #expect(
      Remedy.commands(for: projection, on: partition, upgradeMayRun: true) == """
        mount -o remount,rw /state
        # only while no upgrade is running:
        rm -r --one-file-system /state/cOS/transition.img
        mount -o remount,ro /state
        # what it gives back is estimated: check again after it
        headroom reclaim --apply --remount --verify /state/cOS/a.img /state/cOS/passive.img
        # without headroom: mount -o remount,rw /state && fallocate --dig-holes /state/cOS/a.img && fallocate \
        --dig-holes /state/cOS/passive.img; mount -o remount,ro /state
        """)
    partition.isMountedReadOnly = false
    projection.remedy = ["dig-holes:cOS/a.img"]
    #expect(
      Remedy.commands(for: projection, on: partition, upgradeMayRun: false) == """
        headroom reclaim --apply --verify /state/cOS/a.img
        # without headroom: fallocate --dig-holes /state/cOS/a.img
        """)
  }

  static let quoted: [(FilePath, String)] = [
    ("cOS/active.img", "cOS/active.img"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("'", "''\\'''"),
    ("$(reboot)", "'$(reboot)'"), ("`id`", "'`id`'"), ("a;b", "'a;b'"), ("a\\b", "'a\\b'"), ("~root", "'~root'"),
    ("*?[a]", "'*?[a]'"), ("!!", "'!!'"), ("é", "'é'"), ("a\nb", "$'a\\x0ab'"), ("it's\n", "$'it\\'s\\x0a'"),
    ("\\\u{1B}", "$'\\\\\\x1b'"), (FilePath(bytes: [0xFF, 0x61]), "$'\\xffa'"), ("a\u{202E}b", "$'a\\xe2\\x80\\xaeb'"),
  ]

  @Test("hostile paths are quoted", arguments: quoted) func hostilePathsAreQuoted(path: FilePath, word: String) {
    #expect(ShellQuote.quoted(path) == word)
  }

  @Test("bash reads every quoted path back byte for byte") func bashReadsEveryQuotedPathBackByteForByte() throws {
    var paths = Self.quoted.map(\.0)
    for number in 0..<300 {
      var random = Seed.current.derived(number)
      let alphabet = Array("aZ09/ '\"\\$`!*?~#&|;<>(){}[]=%\n\t\r\u{1B}é\u{202E}😀".utf8)
      paths.append(
        FilePath(
          bytes: (0..<Int.random(in: 0..<20, using: &random)).map { _ in
            Bool.random(using: &random)
              ? alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
              : UInt8.random(in: 1...255, using: &random)
          }))
    }
    let script = "printf '%s\\0' " + paths.map { ShellQuote.quoted($0) }.joined(separator: " ")
    let output = try Command.check("bash", "-c", script, environment: ["LC_ALL": "C.UTF-8"]).output
    let words = output.split(separator: 0, omittingEmptySubsequences: false).dropLast()
    #expect(words.count == paths.count)
    for (path, word) in zip(paths, words) { #expect(path.bytes == Array(word), "\(Seed.current)") }
  }
}
