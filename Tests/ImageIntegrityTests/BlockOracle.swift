import Foundation
import SpaceModel
import TestSupport
import Testing

/// Which blocks of a file are allocated, by filefrag(8).
struct HoleOracle {
  private var data: Set<Int> = []

  init(_ image: String) throws {
    for line in try Command.check("filefrag", "-v", "-b4096", image).lines where !line.contains("unwritten") {
      let fields = line.split(whereSeparator: { $0 == ":" || $0 == "." || $0 == " " }).map(String.init)
      guard fields.count > 3, Int(fields[0]) != nil, let from = Int(fields[1]), let to = Int(fields[2]) else {
        continue
      }
      data.formUnion(from...to)
    }
  }

  func isData(_ block: Int) -> Bool { data.contains(block) }
}

/// Who owns each used block of an image, by dumpe2fs(8) and debugfs(8).
struct BlockOracle {
  struct Owner: Hashable {
    /// A raw value of `BlockOwnership.Kind`, or `file`; what may be zero is not listed.
    var kind: String
    var inode: Int?
    /// Of the filesystem.
    var block: Int
  }

  let image: String
  let blockSize: Int
  /// By number of the host's blocks of 4 KiB.
  private(set) var hostBlocks: [Int: [Owner]] = [:]
  private var names: [Int: Set<String>] = [:]
  /// Inodes in use by block of the inode table.
  private var inodesInBlock: [Int: [Int]] = [:]
  private var firstDescriptors: Range<Int> = 0..<0

  init(_ image: String) throws {
    self.image = image
    blockSize = Int(try DebugFS.value("Block size", image)) ?? 0
    try readTree()
    try readGroups()
  }

  func isFirstDescriptor(_ hostBlock: Int) -> Bool {
    let from = hostBlock * 4096 / blockSize
    return firstDescriptors.overlaps(from..<from + max(1, 4096 / blockSize)) || hostBlock * 4096 / blockSize <= 1
  }

  private mutating func add(_ kind: String, _ blocks: Range<Int>, inode: Int? = nil) {
    for block in blocks {
      hostBlocks[block * blockSize / 4096, default: []].append(Owner(kind: kind, inode: inode, block: block))
    }
  }

  /// Every file and directory, by a walk of the mounted filesystem, and its blocks.
  private mutating func readTree() throws {
    let listing = try LoopMount.with(image: image, readOnly: true) { root, _ in
      try Command.check("find", root, "-xdev", "-printf", "%i\\t%y\\t/%P\\n").text
    }
    let debugfs = DebugFS(image)
    for line in listing.split(separator: "\n") {
      let fields = line.split(separator: "\t").map(String.init)
      guard fields.count == 3, let inode = Int(fields[0]) else { continue }
      let isFirst = names[inode] == nil
      names[inode, default: []].insert(fields[2])
      guard isFirst, ["f", "d", "l"].contains(fields[1]) else { continue }
      for entry in try debugfs.entries(of: "<\(inode)>") {
        add(!entry.isData ? "block-map" : fields[1] == "d" ? "directory" : "file", entry.blocks, inode: inode)
      }
    }
    if let journal = try debugfs.entries(of: "<8>").first(where: \.isData) {
      add("journal", journal.blocks.lowerBound..<journal.blocks.lowerBound + 1)
    }
    for entry in try debugfs.entries(of: "<8>") where !entry.isData { add("block-map", entry.blocks) }
    // The resize inode's double indirect block.
    for entry in try debugfs.entries(of: "<7>") where entry.label == "DIND" {
      add("reserved-descriptors", entry.blocks)
    }
  }

  /// What dumpe2fs tells of a group.
  private struct Group {
    var blocks: [String: Range<Int>] = [:]
    var isUnused: (blocks: Bool, inodes: Bool) = (false, false)
  }

  private mutating func readGroups() throws {
    let perGroup = Int(try DebugFS.value("Inodes per group", image)) ?? 0
    let blocksPerGroup = Int(try DebugFS.value("Blocks per group", image)) ?? 0
    let inodeSize = Int(try DebugFS.value("Inode size", image)) ?? 0
    let features = try DebugFS.value("Filesystem features", image)
    var groups: [Group] = []
    let keys = [
      "superblock at", "Group descriptors at", "Reserved GDT blocks at", "Block bitmap at", "Inode bitmap at",
      "Inode table at",
    ]
    for line in try Command.check("dumpe2fs", image).lines.map(String.init) {
      if line.hasPrefix("Group "), line.contains("(Blocks ") {
        groups.append(Group())
        groups[groups.count - 1].isUnused = (line.contains("BLOCK_UNINIT"), line.contains("INODE_UNINIT"))
      }
      guard !groups.isEmpty else { continue }
      for key in keys {
        guard let found = line.range(of: key) else { continue }
        let rest = line[found.upperBound...].drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "-" }
        let numbers = rest.split(separator: "-").compactMap { Int($0) }
        guard let first = numbers.first, let last = numbers.last else { continue }
        groups[groups.count - 1].blocks[key] = first..<last + 1
      }
      // A bitmap of a group that nothing is used of is all zeros.
      let words = line.split(separator: " ")
      if words.count >= 5, words[1] == "free", words[2] == "blocks,", words[4] == "free" {
        if Int(words[0]) == blocksPerGroup { groups[groups.count - 1].isUnused.blocks = true }
        if Int(words[3]) == perGroup { groups[groups.count - 1].isUnused.inodes = true }
      }
    }
    let copies = groups.filter { $0.blocks["superblock at"] != nil }.count
    for (number, group) in groups.enumerated() {
      if let found = group.blocks["superblock at"] { add("superblock", found) }
      if let found = group.blocks["Group descriptors at"] {
        add("group-descriptors", found)
        if number == 0 { firstDescriptors = found }
      }
      if number == 0, copies > 1, let found = group.blocks["Reserved GDT blocks at"] {
        add("reserved-descriptors", found)
      }
      if let found = group.blocks["Block bitmap at"], !group.isUnused.blocks { add("block-bitmap", found) }
      if let found = group.blocks["Inode bitmap at"], !group.isUnused.inodes { add("inode-bitmap", found) }
      guard let table = group.blocks["Inode table at"] else { continue }
      var inUse = names.keys.filter { ($0 - 1) / perGroup == number }
      if number == 0, features.contains("resize_inode") { inUse.append(7) }
      if number == 0, features.contains("has_journal") { inUse.append(8) }
      for inode in inUse {
        inodesInBlock[table.lowerBound + (inode - 1) % perGroup * inodeSize / blockSize, default: []].append(inode)
      }
      for block in table where inodesInBlock[block] != nil { add("inode-table", block..<block + 1) }
    }
  }

  // MARK: Checking an answer

  func check(_ integrity: Integrity, punched: Set<Int>, _ comment: String) {
    let lost = punched.flatMap { hostBlocks[$0] ?? [] }
    #expect(integrity.state == .damaged, "\(comment): \(integrity.reason)")
    // What directories and inodes told of cannot be known any more once they are gone.
    let hiding = lost.contains {
      ["directory", "inode-table", "inode-bitmap"].contains($0.kind) || isMapOfDirectory($0)
    }
    var bytes: [String: Int] = [:]
    for owner in lost where owner.kind != "file" { bytes[owner.kind, default: 0] += blockSize }
    let told = Dictionary(
      uniqueKeysWithValues: (integrity.metadataLost ?? []).map { ($0.kind.rawValue, Int($0.lostBytes.bytes)) })
    for kind in Set(bytes.keys).union(told.keys) {
      if kind == "block-map" {
        // A node that is lost hides those below it.
        #expect(told[kind] ?? 0 <= bytes[kind] ?? 0, "\(comment): \(kind) \(integrity)")
      } else if !hiding || !["directory", "journal", "reserved-descriptors", "inode-table"].contains(kind) {
        #expect(told[kind] == bytes[kind], "\(comment): \(kind) \(integrity)")
      }
    }
    let inodes = lost.flatMap { owner -> [Int] in
      owner.kind == "inode-table"
        ? inodesInBlock[owner.block] ?? []
        : ["file", "block-map"].contains(owner.kind) && !isDirectory(owner.inode)
          ? [owner.inode].compactMap(\.self) : []
    }
    let hit = Set(inodes.filter { $0 > 10 && !isDirectory($0) }.flatMap { names[$0] ?? [] })
    let named = Set((integrity.files ?? []).filter { $0.suspect != true }.compactMap(\.path.utf8))
    #expect(named.isSubset(of: hit), "\(comment): named without reason: \(named.subtracting(hit).sorted())")
    if !hiding {
      #expect(named == hit, "\(comment): not named: \(hit.subtracting(named).sorted())")
      #expect(integrity.unreachableInodes == 0, "\(comment)")
    } else {
      // One inode of the sample tree has two names.
      var unnamed = hit.subtracting(named).map { name in
        lost.count { owner in owner.kind == "file" && owner.inode.flatMap { names[$0] }?.contains(name) == true }
      }
      unnamed = unnamed.sorted().dropLast(Int(integrity.unreachableInodes ?? 0) + 1)
      // Where the inodes of all files are lost that were written with zeros inside, holes in the others are what digging
      // leaves, and are said to be it.
      let dug = lost.contains { $0.kind == "inode-table" } ? Int(integrity.dugBytes?.bytes ?? 0) / blockSize : 0
      #expect(
        unnamed.isEmpty || (!unnamed.contains(0) && unnamed.reduce(0, +) <= dug),
        "\(comment): \(hit.subtracting(named).sorted()) \(integrity)")
    }
  }

  private func isDirectory(_ inode: Int?) -> Bool {
    hostBlocks.values.joined().contains { $0.kind == "directory" && $0.inode == inode }
  }

  private func isMapOfDirectory(_ owner: Owner) -> Bool { owner.kind == "block-map" && isDirectory(owner.inode) }
}
