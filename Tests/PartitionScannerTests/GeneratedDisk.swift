import Foundation
import SpaceModel

/// A disk image made from a random plan by the system's own tools.
struct GeneratedDisk {
  enum Kind: String, CaseIterable {
    case gpt, gptTwins, dosLogical, gpt4K, brokenPrimary, truncated, bareFilesystem, empty
  }

  let kind: Kind
  let path: String
  /// What `sfdisk -J`, or partx for 4096-byte sectors, said of the whole disk.
  var expected: [Entry] = []
  /// The GPT's or MBR's libblkid name.
  var tableType: String?

  struct Entry: Equatable {
    var number: Int
    var start: UInt64
    var length: UInt64
    var name: String?
  }

  private static let mebibyte: UInt64 = 1 << 20
  private static let labels = [
    "COS_STATE", "a b", "it's \"x\"", "état", "日本", "c\u{1}\u{1b}[31m", "t\tn\nx", "b\\slash\\x41", "$(id)=1;", " lead",
    "COS_GRUB", "",
  ]
  private static let names = ["state", "a b", "it's \"q\"", "état de l'art", "日本語", "b\\x41", "tab\there", ""]

  /// Builds disk `number`; eight in a row are all kinds once.
  static func make(_ number: Int, in scratch: Scratch) throws -> GeneratedDisk {
    var random = SeededRandom(number)
    let kind = Kind.allCases[number % Kind.allCases.count]
    let path = try scratch.sparse("disk\(number)", bytes: 640 * mebibyte)
    var disk = GeneratedDisk(kind: kind, path: path)
    switch kind {
    case .empty:
      try scratch.resize(path, bytes: UInt64.random(in: 1...9_999_999, using: &random))
      return disk
    case .bareFilesystem:
      try disk.format(start: 0, length: 640 * mebibyte, label: labels.randomElement(using: &random), scratch, &random)
      return disk
    case .dosLogical:
      try disk.partitionDOS(&random)
    case .gpt4K:
      try disk.partition4K(&random)
    case .gpt, .gptTwins, .brokenPrimary, .truncated:
      try disk.partitionGPT(&random)
    }
    let twin = labels.randomElement(using: &random)
    for entry in disk.expected {
      // One in five has a GPT name and no filesystem.
      if Int.random(in: 0..<5, using: &random) == 0 { continue }
      let label = kind == .gptTwins ? twin : labels.randomElement(using: &random)
      try disk.format(start: entry.start, length: entry.length, label: label, scratch, &random)
    }
    if kind == .brokenPrimary { try scratch.overwrite(path, at: 512, [UInt8](repeating: 0, count: 512)) }
    if kind == .truncated, let last = disk.expected.last {
      // In the middle of the last partition, so that its superblock is still there.
      try scratch.resize(path, bytes: last.start + last.length / 2)
    }
    return disk
  }

  // MARK: Tables

  private mutating func partitionGPT(_ random: inout SeededRandom) throws {
    let count = Int.random(in: 2...5, using: &random)
    var script = "label: gpt\n"
    for index in 0..<count {
      script += index == count - 1 ? "size=330M\n" : "size=\(Int.random(in: 16...60, using: &random))M\n"
    }
    try sfdisk([path], input: script)
    for index in 1...count {
      if let name = Self.names.randomElement(using: &random), !name.isEmpty {
        try sfdisk(["--part-label", path, "\(index)", name])
      }
    }
    try readTable()
  }

  private mutating func partitionDOS(_ random: inout SeededRandom) throws {
    var script = "label: dos\nsize=\(Int.random(in: 16...60, using: &random))M\ntype=5,size=400M\n"
    // A primary partition behind the extended one; what follows goes into the extended one.
    script += "start=500M,size=32M\n"
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      script += "size=\(Int.random(in: 16...70, using: &random))M\n"
    }
    try sfdisk([path], input: script)
    try readTable()
  }

  private mutating func partition4K(_ random: inout SeededRandom) throws {
    let (first, second) = (Int.random(in: 16...60, using: &random), Int.random(in: 16...60, using: &random))
    try Tool.run(
      "fdisk", ["-b", "4096", "-w", "never", path],
      input: "g\nn\n1\n\n+\(first)M\nn\n2\n\n+\(second)M\nx\nn\n1\nhel lo\nr\nw\n")
    let output = try Tool.run(
      "partx", ["--sector-size", "4096", "-b", "-g", "-r", "-o", "NR,START,SECTORS,NAME", path])
    for line in output.text.split(separator: "\n") {
      let fields = line.split(separator: " ").map(String.init)
      guard let number = Int(fields[0]), let start = UInt64(fields[1]), let length = UInt64(fields[2]) else { continue }
      expected.append(
        Entry(number: number, start: start * 512, length: length * 512, name: number == 1 ? "hel lo" : nil))
    }
    tableType = "gpt"
  }

  /// sfdisk's own view, without the container of logical partitions.
  private mutating func readTable() throws {
    struct Report: Decodable {
      var partitiontable: Table
      struct Table: Decodable {
        var label: String
        var sectorsize: UInt64
        var partitions: [Row]
      }
      struct Row: Decodable {
        var node: String
        var start: UInt64
        var size: UInt64
        var type: String
        var name: String?
      }
    }
    let json = try Tool.run("sfdisk", ["-J", path]).output
    let table = try JSONDecoder().decode(Report.self, from: Data(json)).partitiontable
    tableType = table.label
    expected = table.partitions.filter { $0.type != "5" }.compactMap { row in
      Int(row.node.dropFirst(path.count).drop { !$0.isNumber }).map {
        Entry(number: $0, start: row.start * table.sectorsize, length: row.size * table.sectorsize, name: row.name)
      }
    }
  }

  private func sfdisk(_ arguments: [String], input: String = "") throws {
    try Tool.run("sfdisk", ["-q", "--no-reread", "--no-tell-kernel"] + arguments, input: input)
  }

  // MARK: Filesystems

  private func format(
    start: UInt64, length: UInt64, label: String?, _ scratch: Scratch, _ random: inout SeededRandom
  ) throws {
    let label = label ?? ""
    let image = try scratch.sparse("fs", bytes: length)
    defer { try? FileManager.default.removeItem(atPath: image) }
    var kinds = ["ext2", "ext4", "vfat", "squashfs", "ext4"]
    if length >= 130 * Self.mebibyte { kinds += ["btrfs"] }
    if length >= 300 * Self.mebibyte { kinds += ["xfs"] }
    switch kinds.randomElement(using: &random) ?? "ext4" {
    case "vfat":
      let isPlain = label.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isAlphabetic && $0.isASCII }
      try Tool.run("mkfs.vfat", (isPlain && !label.isEmpty ? ["-n", String(label.prefix(11))] : []) + [image])
    case "xfs":
      let fits = label.utf8.count <= 12 && !label.contains(where: \.isWhitespace)
      try Tool.run("mkfs.xfs", ["-q", "-f"] + (fits && !label.isEmpty ? ["-L", label] : []) + [image])
    case "btrfs":
      try Tool.run("mkfs.btrfs", ["-q", "-f"] + (label.isEmpty ? [] : ["-L", label]) + [image])
    case "squashfs":
      let tree = scratch.file("tree")
      try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
      try Tool.run("mksquashfs", [tree, image, "-noappend", "-no-progress", "-quiet"])
    case let ext:
      try Tool.run("mke2fs", ["-q", "-F", "-t", ext] + (label.isEmpty ? [] : ["-L", label]) + [image])
    }
    let place = ["conv=notrunc,sparse", "oflag=seek_bytes", "seek=\(start)"]
    try Tool.run("dd", ["if=\(image)", "of=\(path)", "bs=64K", "status=none"] + place)
  }
}

/// `blkid -p` of a range: the oracle for type, label and UUID.
struct BlkidAnswer: Equatable {
  var type: String?
  var label: String?
  var uuid: String?
  var usage: String?
  var isAmbivalent = false

  static func ask(_ path: String, start: UInt64 = 0, length: UInt64? = nil) throws -> BlkidAnswer {
    let range = length.map { ["-O", "\(start)", "-S", "\($0)"] } ?? []
    let query = ["-p", "-u", "filesystem,raid,crypto,other", "-o", "udev"]
    let result = try Tool.run("blkid", query + range + [path], checked: false)
    var answer = BlkidAnswer()
    answer.isAmbivalent = result.status == 8
    for line in result.text.split(separator: "\n") {
      let pair = line.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { continue }
      switch pair[0] {
      case "ID_FS_TYPE": answer.type = pair[1]
      case "ID_FS_LABEL_ENC": answer.label = decoded(pair[1])
      case "ID_FS_UUID_ENC": answer.uuid = decoded(pair[1])
      case "ID_FS_USAGE": answer.usage = pair[1]
      default: break
      }
    }
    return answer
  }

  /// Undoes udev's `\xNN`, by other means than the code under test.
  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8.map { $0 }
    while !rest.isEmpty {
      if rest.count >= 4, rest[0] == 0x5C, rest[1] == 0x78 {
        bytes.append(UInt8(String(decoding: rest[2..<4], as: UTF8.self), radix: 16) ?? 0)
        rest.removeFirst(4)
      } else {
        bytes.append(rest.removeFirst())
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
