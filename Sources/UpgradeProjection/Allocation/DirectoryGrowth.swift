/// How many blocks an ext2/3/4 directory has once names were added to it and taken away again.
///
/// A directory only ever grows, so what it takes depends on the order of events: it is replayed. One block is filled
/// first fit. When that is full it becomes a hash tree (`dir_index`, on for ext2 as well): an index block and leaves that
/// split at half their bytes when they are full. The hash is seeded anew for each filesystem, so any uniform one will do.
/// See the kernel's Documentation/filesystems/ext4, "Hash Tree Directories".
struct DirectoryGrowth {
  /// A directory entry's place: its record and how much of that its name needs; 0 where the record is free.
  private struct Slot {
    var hash: UInt32
    var length: Int32
    var used: Int32
  }

  private struct Leaf {
    /// Names from this hash on, up to the next leaf's.
    var start: UInt32
    var slots: [Slot]
    /// Bytes no name needs, in one piece or many.
    var free: Int
  }

  private let room: Int
  private let rootLimit: Int
  private let nodeLimit: Int
  /// In order of their hashes; one that starts with `.` and `..` as long as there is no index.
  private var leaves: [Leaf]
  /// Leaves under each block of the index's second level; empty while the root alone is enough.
  private var nodes: [Int] = []
  private var isIndexed = false

  /// - Parameters:
  ///   - blockBytes: 1024 to 65536.
  ///   - hasChecksums: `metadata_csum`, which takes 12 bytes at a leaf's end and 8 at an index block's.
  init(blockBytes: Int, hasChecksums: Bool) {
    room = Self.room(blockBytes: blockBytes, hasChecksums: hasChecksums)
    let tail = hasChecksums ? 8 : 0
    // `.`, `..` and dx_root_info stand before the root's entries, an empty entry before a node's.
    rootLimit = (blockBytes - 32 - tail) / 8
    nodeLimit = (blockBytes - 8 - tail) / 8
    leaves = [
      Leaf(
        start: 0,
        slots: [Slot(hash: 0, length: 12, used: 12), Slot(hash: 0, length: Int32(clamping: room - 12), used: 12)],
        free: room - Self.emptyBytes)
    ]
  }

  /// What a block holds of entries.
  static func room(blockBytes: Int, hasChecksums: Bool) -> Int { blockBytes - (hasChecksums ? 12 : 0) }

  /// `.` and `..`.
  static let emptyBytes = 24

  var blocks: Int { isIndexed ? leaves.count + 1 + nodes.count : 1 }

  /// What an entry with a name of that length needs: inode, lengths and type are 8 bytes, and it is rounded to 4.
  static func entryBytes(nameLength: Int) -> Int { (8 + min(max(nameLength, 1), 255) + 3) & ~3 }

  mutating func add(nameLength: Int, hash: UInt32) {
    let need = Self.entryBytes(nameLength: nameLength)
    var at = leafIndex(hash)
    if place(need, hash, in: at) { return }
    if !isIndexed {
      isIndexed = true
      // `.` and `..` stay in the first block, which is the index now.
      leaves[0].slots.removeFirst(2)
      leaves[0].free = room - leaves[0].slots.reduce(0) { $0 + Int($1.used) }
      let taken = leaves[0].slots.dropLast().reduce(0) { $0 + Int($1.length) }
      if let last = leaves[0].slots.indices.last { leaves[0].slots[last].length = Int32(clamping: room - taken) }
    } else {
      growIndex(above: at)
    }
    split(at)
    at = leafIndex(hash)
    _ = place(need, hash, in: at)
  }

  mutating func remove(hash: UInt32) {
    let at = leafIndex(hash)
    guard let index = leaves[at].slots.lastIndex(where: { $0.used > 0 && $0.hash == hash }) else { return }
    leaves[at].free += Int(leaves[at].slots[index].used)
    if index > 0 {
      leaves[at].slots[index - 1].length += leaves[at].slots[index].length
      leaves[at].slots.remove(at: index)
    } else {
      leaves[at].slots[index].used = 0
    }
  }

  private func leafIndex(_ hash: UInt32) -> Int {
    var low = 0
    var high = leaves.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if leaves[middle].start <= hash { low = middle } else { high = middle }
    }
    return low
  }

  private mutating func place(_ need: Int, _ hash: UInt32, in leaf: Int) -> Bool {
    guard leaves[leaf].free >= need else { return false }
    let entry = Slot(hash: hash, length: Int32(clamping: need), used: Int32(clamping: need))
    if leaves[leaf].slots.isEmpty {
      leaves[leaf].slots = [Slot(hash: hash, length: Int32(clamping: room), used: entry.used)]
      leaves[leaf].free -= need
      return true
    }
    guard let index = leaves[leaf].slots.firstIndex(where: { Int($0.length) - Int($0.used) >= need }) else {
      return false
    }
    leaves[leaf].free -= need
    if leaves[leaf].slots[index].used == 0 {
      leaves[leaf].slots[index].hash = hash
      leaves[leaf].slots[index].used = entry.used
    } else {
      let rest = leaves[leaf].slots[index].length - leaves[leaf].slots[index].used
      leaves[leaf].slots[index].length = leaves[leaf].slots[index].used
      leaves[leaf].slots.insert(Slot(hash: hash, length: rest, used: entry.used), at: index + 1)
    }
    return true
  }

  /// Moves the upper half, by bytes of the records as they stand, to a new leaf; both are packed.
  private mutating func split(_ leaf: Int) {
    let sorted = leaves[leaf].slots.filter { $0.used > 0 }.sorted { $0.hash < $1.hash }
    guard sorted.count > 1 else { return }
    var moved = 0
    var bytes = 0
    for slot in sorted.reversed() {
      if bytes + Int(slot.length) / 2 > room / 2 { break }
      bytes += Int(slot.length)
      moved += 1
    }
    if moved == 0 || moved >= sorted.count { moved = sorted.count / 2 }
    let upper = sorted[(sorted.count - moved)...]
    guard let first = upper.first else { return }
    leaves[leaf] = packed(sorted[..<(sorted.count - moved)], start: leaves[leaf].start)
    leaves.insert(packed(upper, start: first.hash), at: leaf + 1)
  }

  private func packed(_ slots: ArraySlice<Slot>, start: UInt32) -> Leaf {
    var slots = Array(slots)
    var taken = 0
    for index in slots.indices {
      slots[index].length = slots[index].used
      taken += Int(slots[index].used)
    }
    if let last = slots.indices.last { slots[last].length += Int32(clamping: room - taken) }
    return Leaf(start: start, slots: slots, free: room - taken)
  }

  /// Makes room for one more leaf in the index, as far as it has to.
  private mutating func growIndex(above leaf: Int) {
    guard !nodes.isEmpty else {
      if leaves.count >= rootLimit { nodes = [leaves.count + 1] }
      return
    }
    var before = 0
    var node = 0
    while node < nodes.count - 1, before + nodes[node] <= leaf {
      before += nodes[node]
      node += 1
    }
    if nodes[node] >= nodeLimit {
      let lower = nodes[node] / 2
      nodes.insert(nodes[node] - lower, at: node + 1)
      nodes[node] = lower
      if leaf >= before + lower { node += 1 }
    }
    nodes[node] += 1
  }
}
