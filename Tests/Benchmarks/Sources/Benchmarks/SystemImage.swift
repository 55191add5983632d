import Foundation

/// The image of an operating system: an ext2 as elemental makes it, full of files such as a system holds, with the
/// proportions of a real passive.img of 3 GiB: 1.49 GB of zeros in about 1,900 runs, nearly all of it what the filesystem
/// inside has free.
///
/// The few runs inside files cannot come from mke2fs, which leaves blocks of zeros out. So files hold a marker there, and
/// zeros are written over it in the image.
struct SystemImage {
  /// Every block is written.
  let dense: String
  let mebibytes: Int
  let files: Int
  private let workplace: Workplace

  private static let block = 4096
  /// Of 3 GiB, 1,727 MB are data.
  private static let filled = 0.5
  /// Runs of zeros inside files, for each MiB of the image: 1,800 in 3 GiB.
  private static let runsEachMiB = 0.586
  private static let marker = Array("a block of zeros, once the image is made.......................\n".utf8)

  init(mebibytes: Int, files: Int, in workplace: Workplace) throws {
    self.mebibytes = mebibytes
    self.files = files
    self.workplace = workplace
    dense = try workplace.workload("system-\(mebibytes)-\(files).dense.img") { image in
      let (tree, made) = (image + ".tree", image + ".made")
      defer {
        try? workplace.remove(tree)
        try? workplace.remove(made)
      }
      try Self.writeTree(tree, mebibytes: mebibytes, files: files)
      try Command.run(["truncate", "-s", "\(mebibytes)M", made])
      let options = ["-q", "-F", "-t", "ext2", "-b", "4096", "-i", "16384", "-I", "256", "-m", "0", "-L", "COS_ACTIVE"]
      try Command.run(["mke2fs"] + options + ["-d", tree, made])
      try Self.replaceMarkers(in: made)
      try Command.run(["cp", "--sparse=never", made, image])
      try Command.run(["sync", image])
    }
  }

  /// The same with only what is not zeros allocated.
  func sparse() throws -> String {
    try workplace.workload("system-\(mebibytes)-\(files).sparse.img") { image in
      try Command.run(["cp", "--sparse=always", dense, image])
      try Command.run(["sync", image])
    }
  }

  /// Files of many sizes, most of them small, in directories of a few hundred.
  private static func writeTree(_ tree: String, mebibytes: Int, files: Int) throws {
    var random = Random(11)
    let largest = 4 << 20
    var bytes = RandomBytes(seed: 13, capacity: largest)
    let mean = Double(mebibytes << 20) * filled / Double(files)
    let runsEachLargeFile = Double(mebibytes) * runsEachMiB / Double(files / 4)
    var runsDue = 0.0
    for number in 0..<files {
      let directory = "\(tree)/usr/lib/package-\(number / 200)"
      if number.isMultiple(of: 200) {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      }
      // Three of four are small, the fourth is 3.7 times the mean.
      let isLarge = number.isMultiple(of: 4)
      let size = min(largest, Int(mean * (isLarge ? 3.7 : 0.1) * (0.5 + Double(random.next() % 1000) / 1000)))
      let writer = try Writer("\(directory)/file-\(number).so")
      try bytes.with(size) { try writer.write($0, at: 0) }
      if isLarge { runsDue += runsEachLargeFile }
      // One to three blocks each, with data between them.
      for place in stride(from: 2, to: size / block - 3, by: 5) where runsDue >= 1 {
        for index in 0...Int(random.next() % 3) {
          try marker.withUnsafeBytes { try writer.write($0, at: (place + index) * block) }
        }
        runsDue -= 1
      }
      try writer.close()
    }
  }

  private static func replaceMarkers(in image: String) throws {
    let writer = try Writer(image, creating: false)
    let zeros = [UInt8](repeating: 0, count: block)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while true {
      let count = try buffer.withUnsafeMutableBytes { try writer.read(into: $0, at: offset) }
      guard count > 0 else { break }
      for at in stride(from: 0, to: count, by: block) where buffer[at] == marker[0] {
        guard buffer[at..<min(count, at + marker.count)].elementsEqual(marker) else { continue }
        try zeros.withUnsafeBytes { try writer.write($0, at: offset + at) }
      }
      offset += count
    }
    try writer.finish()
  }
}
