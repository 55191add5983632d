import ImageIntegrity
import LinuxStorage
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

/// Logs in the forms in which nodes keep them.
struct KernelLogTests {
  /// A kernel of the 5.14 line, by `journalctl -k`, two boots.
  static let old = """
    -- Boot 1f0a --
    Feb 05 10:00:01 node1 kernel: Linux version 5.14.21-150500.55.83-default (geeko@buildhost)
    Feb 05 10:11:00 node1 kernel: loop0: detected capacity change from 0 to 6291456
    Feb 05 10:11:00 node1 kernel: EXT4-fs (loop0): mounting ext2 file system using the ext4 subsystem
    Feb 05 10:11:00 node1 kernel: EXT4-fs (loop0): mounted filesystem without journal. Quota mode: none.
    Feb 05 10:12:10 node1 kernel: loop: Write error at byte offset 1342177280, length 4096.
    Feb 05 10:12:10 node1 kernel: loop: Write error at byte offset 1342181376, length 4096.
    Feb 05 10:12:10 node1 kernel: blk_update_request: I/O error, dev loop0, sector 2621440 op 0x1:(WRITE) flags 0x800 phys_seg 2 prio class 0
    Feb 05 10:12:10 node1 kernel: EXT4-fs warning (device loop0): ext4_end_bio:344: I/O error 10 writing to inode 8711 starting block 327682)
    Feb 05 10:12:11 node1 kernel: Buffer I/O error on device loop0, logical block 327680
    Feb 05 10:12:12 node1 kernel: blk_update_request: I/O error, dev sda, sector 99 op 0x1:(WRITE) flags 0x800 phys_seg 1
    Feb 05 10:12:13 node1 kernel: blk_update_request: I/O error, dev loop1, sector 8 op 0x0:(READ) flags 0x80700 phys_seg 1
    Feb 05 10:12:14 node1 sshd[99]: Invalid user kernel: I/O error, dev loop7, sector 8 op 0x1:(WRITE)
    -- Boot 2e1b --
    Feb 06 08:00:01 node1 kernel: loop0: detected capacity change from 0 to 2048
    """

  /// A 6.x kernel, by dmesg.
  static let new = """
    [  100.000001] loop3: detected capacity change from 0 to 6291456
    [  100.250000] EXT4-fs (loop3): mounted filesystem 3F2504E0-4f89-11d3-9a0c-0305e82c3301 r/w without journal. Quota mode: none.
    [  812.123456][ T1234] loop3: detected capacity change from 0 to 6291456 by a process that says so
    [  900.000000] critical space allocation error, dev loop3, sector 2621440 op 0x1:(WRITE) flags 0x4800 phys_seg 1 prio class 2
    [  900.000100] EXT4-fs warning (device loop3): ext4_end_bio:343: I/O error 3 writing to inode 12 starting block 327681)
    [  901.000000] Buffer I/O error on dev loop3, logical block 500, lost async page write
    [  901.000001] Buffer I/O error on dev loop3, logical block 501, async page read
    [  902.000000] critical space allocation error, dev loop3, sector 16 op 0x9:(WRITE_ZEROES) flags 0x800
    """

  @Test("the lines of a 5.14 kernel name the ranges that were lost, and another boot's device is another")
  func oldKernel() throws {
    let log = Self.log(Self.old)
    let found = try #require(log.attachments.first)
    #expect(log.attachments.count == 1)
    #expect(found.device == "loop0")
    #expect(found.capacityBytes == .gibibytes(3))
    #expect(found.firstTime == "Feb 05 10:12:10")
    #expect(found.lastTime == "Feb 05 10:12:11")
    #expect(found.errorCount == 5)
    #expect(found.inodes == [8711])
    #expect(found.writeErrors == [ByteRange(start: 1_342_177_280, length: 8192)])
    #expect(found.blocks == [327_680, 327_681])
    #expect(found.lostWrites(blockBytes: 4096) == [ByteRange(start: 1_342_177_280, length: 8192)])
    #expect(found.tie(toImageOf: .gibibytes(3), filesystemUUID: "whatever") == .capacity)
    #expect(found.tie(toImageOf: .gibibytes(2), filesystemUUID: nil) == .other)
  }

  @Test("a 6.x kernel's UUID ties the device to one filesystem")
  func newKernel() throws {
    let log = Self.log(Self.new.replacing(" by a process that says so", with: ""))
    let found = try #require(log.attachments.first)
    #expect(log.attachments.count == 1)
    #expect(found.errorCount == 3)
    #expect(found.firstTime == "900.000000")
    #expect(found.blocks == [500, 327_680])
    #expect(found.writeErrors == [ByteRange(start: 1_342_177_280, length: 512)])
    // Attached again without a mount.
    #expect(found.filesystemUUID == nil)
    #expect(found.tie(toImageOf: .gibibytes(3), filesystemUUID: nil) == .capacity)

    let lines = Self.new.split(separator: "\n").filter { !$0.contains("says so") }.joined(separator: "\n")
    let mounted = try #require(Self.log(lines).attachments.first)
    let uuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
    #expect(mounted.filesystemUUID == uuid)
    #expect(mounted.tie(toImageOf: .gibibytes(9), filesystemUUID: uuid.uppercased()) == .filesystem)
    #expect(mounted.tie(toImageOf: .gibibytes(3), filesystemUUID: "3f2504e0-4f89-11d3-9a0c-000000000000") == .other)
  }

  static let times: [(String, String?)] = [
    ("", nil), ("[  900.000000] ", "900.000000"), ("[Wed Feb  5 10:12:10 2025] ", "Wed Feb  5 10:12:10 2025"),
    ("<3>[  900.000000] ", "900.000000"), ("<3>", nil),
    ("2025-02-05T10:12:10,123456+00:00 ", "2025-02-05T10:12:10,123456+00:00"),
    ("2025-02-05T10:12:10+0000 node1 kernel: ", "2025-02-05T10:12:10+0000"),
    ("Feb  5 10:12:10 node1 kernel: [  900.000000] ", "Feb 5 10:12:10"),
    ("[  900.000000] node1 kernel: ", "900.000000"), ("[  900.000000] [  T1234] ", "900.000000"),
    ("2025-02-05T10:12:10.123456+01:00 node1 kernel: [  900.000000][    C0] ", "2025-02-05T10:12:10.123456+01:00"),
  ]

  @Test("the time in front of a line is told from it, in every form", arguments: times)
  func everyFormOfTime(prefix: String, time: String?) throws {
    let log = Self.log(prefix + "I/O error, dev loop12, sector 7 op 0x1:(WRITE) flags 0x4000 phys_seg 1 prio class 2")
    let found = try #require(log.attachments.first)
    #expect(found.device == "loop12")
    #expect(found.firstTime == time)
    #expect(found.tie(toImageOf: .gibibytes(3), filesystemUUID: nil) == .possible)
    #expect(found.tie(toImageOf: ByteCount(3 * 512), filesystemUUID: nil) == .other)
  }

  @Test("any bytes are a log: at worst one without errors")
  func anyBytes() {
    var random = Seed.current.derived(77)
    let lines = (Self.old + "\n" + Self.new).split(separator: "\n").map { Array($0.utf8) }
    for _ in 0..<3000 {
      var log = KernelLog()
      for _ in 0..<4 {
        var line = lines.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 0...4, using: &random) where !line.isEmpty {
          line[Int.random(in: 0..<line.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        line.removeLast(Int.random(in: 0...line.count, using: &random))
        log.add(line: line)
      }
      log.finish()
      for attachment in log.attachments { _ = attachment.lostWrites(blockBytes: .max) }
    }
  }

  @Test("a file is read in pieces, with the ends of lines of any system, and without the last one")
  func readsFiles() throws {
    let scratch = try ScratchDirectory()
    let noise = "[    1.000000] " + String(repeating: "x", count: 200) + " loop\r\n"
    let long = "[    2.000000] loop" + String(repeating: "y", count: 3 << 20) + "\r\n"
    let text =
      String(repeating: noise, count: 12_000) + long
      + Self.new.split(separator: "\n").filter { !$0.contains("says so") }.joined(separator: "\r\n")
    let log = try KernelLog(contentsOf: FilePath(scratch.write(text, to: "kernel.log")))
    #expect(log.attachments.first?.errorCount == 3)
    #expect(log.attachments.first?.capacityBytes == .gibibytes(3))
    let packed = try scratch.write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0], to: "kernel.log.gz")
    let error = #expect(throws: StorageError.self) { try KernelLog(contentsOf: FilePath(packed)) }
    #expect(
      error?.description == """
        cannot read the kernel log '\(packed)': it is packed by gzip, not text
          hint: Unpack it with zcat.
        """)
  }

  private static func log(_ text: String) -> KernelLog {
    var log = KernelLog()
    for line in text.split(separator: "\n") { log.add(line: Array(line.utf8)) }
    log.finish()
    return log
  }
}
