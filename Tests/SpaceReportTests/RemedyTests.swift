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
    return partition
  }

  static let rows: [(Partition, FilePath, String)] = [
    (partition(.mounted, at: "/data", readOnly: false), "a.img", "fallocate --dig-holes /data/a.img"),
    (
      partition(.mounted, at: "/run/initramfs/cos-state", readOnly: true), "cOS/passive.img",
      "mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes "
        + "/run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state"
    ),
    // A disk that is not mounted here: the command is for the node it comes from.
    (
      partition(.offline, device: "node.img#4"), "cOS/passive.img",
      "mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes "
        + "/run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state"
    ),
    (
      partition(.offline, label: "COS_RECOVERY", device: "node.img#3"), "cOS/recovery.img",
      "mount -L COS_RECOVERY /mnt && { fallocate --dig-holes /mnt/cOS/recovery.img; umount /mnt; }"
    ),
    (
      partition(.offline, label: "two words", device: "/dev/sdb1"), "a.img",
      "mount -L 'two words' /mnt && { fallocate --dig-holes /mnt/a.img; umount /mnt; }"
    ),
    (
      partition(.offline, label: nil, device: "/dev/sdb1"), "it's.img",
      "mount /dev/sdb1 /mnt && { fallocate --dig-holes '/mnt/it'\\''s.img'; umount /mnt; }"
    ),
    (
      partition(.mounted, at: "/my disk", readOnly: false), "a b.img", "fallocate --dig-holes '/my disk/a b.img'"
    ),
  ]

  @Test(arguments: rows) func `the remedy is a command for where the image lies`(
    partition: Partition, path: FilePath, command: String
  ) {
    #expect(Remedy.digHoles(in: Samples.image(path), on: partition) == command)
  }

  @Test(arguments: rows) func `a shell can read it`(partition: Partition, path: FilePath, command: String) throws {
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

  @Test(arguments: quoted) func `hostile paths are quoted`(path: FilePath, word: String) {
    #expect(ShellQuote.quoted(path) == word)
  }

  @Test func `bash reads every quoted path back byte for byte`() throws {
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
