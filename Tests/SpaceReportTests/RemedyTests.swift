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

  static let rows: [(Partition, FilePath, String)] = [
    (partition(.mounted, at: "/data", readOnly: false), "a.img", "fallocate --dig-holes /data/a.img"),
    (
      partition(.mounted, at: "/run/initramfs/cos-state", readOnly: true), "cOS/passive.img",
      "mount -o remount,rw /run/initramfs/cos-state\nfallocate --dig-holes "
        + "/run/initramfs/cos-state/cOS/passive.img\nmount -o remount,ro /run/initramfs/cos-state"
    ),
    // A disk that is not mounted here: the command is for the node it comes from.
    (
      partition(.offline, device: "node.img#4"), "cOS/passive.img",
      "# on the node that node.img#4 comes from:\nmount -o remount,rw /run/initramfs/cos-state\nfallocate --dig-holes "
        + "/run/initramfs/cos-state/cOS/passive.img\nmount -o remount,ro /run/initramfs/cos-state"
    ),
    (
      partition(.offline, label: "COS_RECOVERY", device: "node.img#3"), "cOS/recovery.img",
      "# on the node that node.img#3 comes from:\nmount -L COS_RECOVERY /mnt && {\n  fallocate --dig-holes /mnt/cOS/recovery.img\n  umount /mnt\n}"
    ),
    (
      partition(.offline, label: "two words", device: "/dev/sdb1"), "a.img",
      "mount /dev/sdb1 /mnt && {\n  fallocate --dig-holes /mnt/a.img\n  umount /mnt\n}"
    ),
    (
      partition(.offline, label: nil, device: "/dev/sdb1"), "it's.img",
      "mount /dev/sdb1 /mnt && {\n  fallocate --dig-holes '/mnt/it'\\''s.img'\n  umount /mnt\n}"
    ),
    // Only a part of it is mounted: its path from there is not known.
    (
      partition(.mounted, label: "COS_STATE"), "cOS/passive.img",
      "mount /dev/sda4 /mnt && {\n  fallocate --dig-holes /mnt/cOS/passive.img\n  umount /mnt\n}"
    ),
    (
      partition(.offline, label: nil, device: "node.img#4"), "a.img",
      "On the node, run fallocate --dig-holes on a.img."
    ),
    (
      partition(.mounted, at: "/my disk", readOnly: false), "a b.img", "fallocate --dig-holes '/my disk/a b.img'"
    ),
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
