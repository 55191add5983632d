import Foundation
import LinuxStorage
import SpaceModel
import Testing

@testable import PartitionScanner

/// The scanner against `sfdisk -J` / partx (places, sizes, names) and `blkid -p` (types, labels, UUIDs).
@Suite struct DiskImageTests {
  @Test("a generated disk reads as the system's tools read it", arguments: 0..<32)
  func aGeneratedDiskReadsAsTheSystemsToolsReadIt(number: Int) throws {
    let scratch = try Scratch()
    let disk = try GeneratedDisk.make(number, in: scratch)
    let file = try ReadOnlyFile.open(FilePath(disk.path), expecting: .regularFile)
    let before = try file.status()
    let layout = try DiskImageScanner.scan(file)
    let context: Comment = "disk \(number), \(disk.kind.rawValue), seed \(SeededRandom.seed)"

    #expect(layout.tableType == disk.tableType, context)
    if disk.tableType != nil {
      #expect(layout.sectorSize == (disk.kind == .gpt4K ? 4096 : 512), context)
      let entries = layout.partitions.map {
        GeneratedDisk.Entry(
          number: $0.partitionNumber ?? 0, start: $0.startBytes, length: $0.sizeBytes ?? 0, name: $0.partitionLabel)
      }
      #expect(entries == disk.expected, context)
      #expect(layout.partitions.count >= 2, context)
    } else {
      #expect(layout.partitions.count == (disk.kind == .empty ? 0 : 1), context)
    }
    for partition in layout.partitions {
      let answer = try BlkidAnswer.ask(disk.path, start: partition.startBytes, length: partition.lengthBytes)
      #expect(partition.blkid == answer, "\(context), \(partition.device.display)")
      let suffix = partition.partitionNumber.map { "#\($0)" } ?? ""
      #expect(partition.device == FilePath(disk.path + suffix))
      #expect(partition.container == FilePath(disk.path))
    }
    #expect(layout.partitions.map(\.isTruncated).contains(true) == (disk.kind == .truncated), context)
    #expect(layout.limits.map(\.id) == (disk.kind == .truncated ? ["disk-truncated"] : []), context)
    if disk.kind == .truncated, let last = layout.partitions.last {
      #expect(last.startBytes + (last.lengthBytes ?? 0) == before.size, context)
    }
    #expect(try file.status().modified == before.modified, context)
    #expect(try file.status().changed == before.changed, context)
  }

  @Test("a filesystem in a filesystem's place is ambivalent, not guessed")
  func aFilesystemInAFilesystemsPlaceIsAmbivalentNotGuessed() throws {
    let scratch = try Scratch()
    let xfs = try scratch.sparse("xfs", bytes: 300 << 20)
    let ext = try scratch.sparse("ext", bytes: 300 << 20)
    try Tool.run("mkfs.xfs", ["-q", "-f", xfs])
    try Tool.run("mke2fs", ["-q", "-F", "-t", "ext4", ext])
    try Tool.run("dd", ["if=\(xfs)", "of=\(ext)", "bs=512", "count=1", "conv=notrunc", "status=none"])
    let layout = try DiskImageScanner.scan(ReadOnlyFile.open(FilePath(ext), expecting: .regularFile))
    #expect(try layout.partitions.first?.blkid == BlkidAnswer.ask(ext))
    #expect(layout.partitions.map(\.isAmbivalent) == [true])
    #expect(layout.partitions.first?.filesystemType == nil)
  }

  @Test("a LUKS container with a label is not a filesystem") func aLUKSContainerWithALabelIsNotAFilesystem() throws {
    let scratch = try Scratch()
    let image = try scratch.sparse("luks", bytes: 20 << 20)
    // LUKS2 header: magic, version 2, then at 24 the label of 48 bytes.
    var header = [UInt8](repeating: 0, count: 512)
    header.replaceSubrange(0..<6, with: Array("LUKS".utf8) + [0xBA, 0xBE])
    header[7] = 2
    header.replaceSubrange(24..<33, with: Array("COS_STATE".utf8))
    try scratch.overwrite(image, at: 0, header)
    let layout = try DiskImageScanner.scan(ReadOnlyFile.open(FilePath(image), expecting: .regularFile))
    let partition = try #require(layout.partitions.first)
    #expect(partition.filesystemType == "crypto_LUKS")
    #expect(partition.filesystemLabel == "COS_STATE")
    #expect(partition.usage == .crypto)
    #expect(partition.isNotFilesystem)
  }

  @Test("a tiny file holds nothing and is no error", arguments: [0, 1, 511, 512, 4096])
  func aTinyFileHoldsNothingAndIsNoError(bytes: UInt64) throws {
    let scratch = try Scratch()
    let file = try ReadOnlyFile.open(FilePath(scratch.sparse("tiny", bytes: bytes)), expecting: .regularFile)
    #expect(try DiskImageScanner.scan(file).partitions.isEmpty)
  }

  @Test("a GPT header full of ones does no harm") func aGPTHeaderFullOfOnesDoesNoHarm() throws {
    let scratch = try Scratch()
    let image = try scratch.sparse("ones", bytes: 1 << 20)
    try scratch.overwrite(image, at: 512, Array("EFI PART".utf8) + [UInt8](repeating: 0xFF, count: 504))
    let layout = try DiskImageScanner.scan(ReadOnlyFile.open(FilePath(image), expecting: .regularFile))
    #expect(layout.partitions.isEmpty)
  }

  @Test("damaged tables end in an answer or an error, in bounds", arguments: [0, 2, 3])
  func damagedTablesEndInAnAnswerOrAnErrorInBounds(number: Int) throws {
    let scratch = try Scratch()
    let disk = try GeneratedDisk.make(number, in: scratch)
    var random = SeededRandom(1000 + number)
    let file = try ReadOnlyFile.open(FilePath(disk.path), expecting: .regularFile)
    let size = try file.status().size
    for _ in 0..<100 {
      let place = UInt64.random(in: disk.tableType == "dos" ? 440...511 : 440...8191, using: &random)
      let bytes = (0..<Int.random(in: 1...4, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      try scratch.overwrite(disk.path, at: place, bytes)
      let layout = try? DiskImageScanner.scan(file)
      for partition in layout?.partitions ?? [] {
        let range = try #require(partition.range)
        #expect(range.end <= size)
        #expect(range.length <= partition.sizeBytes ?? 0)
      }
    }
  }

  @Test("the descriptor's own offset stays where it is") func theDescriptorsOwnOffsetStaysWhereItIs() throws {
    let scratch = try Scratch()
    let path = try scratch.sparse("offset", bytes: 8 << 20)
    try Tool.run("mke2fs", ["-q", "-F", "-t", "ext4", path])
    let file = try ReadOnlyFile.open(FilePath(path), expecting: .regularFile)
    _ = try DiskImageScanner.scan(file)
    #expect(lseek(file.descriptor, 0, SEEK_CUR) == 0)
  }
}

extension ScannedPartition {
  var blkid: BlkidAnswer {
    BlkidAnswer(
      type: filesystemType, label: filesystemLabel, uuid: filesystemUUID, usage: usage?.rawValue,
      isAmbivalent: isAmbivalent)
  }
}
