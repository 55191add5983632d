import ExtentAnalyzer
import Foundation
import LinuxStorage
import SpaceAudit
import SpaceModel
import TestSupport

/// How a filesystem for these tests is made.
struct ImageRecipe: Sendable, CustomStringConvertible {
  var type: String
  var arguments: [String]
  var sizeMiB = 64

  var description: String { "\(type) \(arguments.joined(separator: " "))" }

  func make(in scratch: ScratchDirectory, name: String = "active.img") throws -> String {
    try LoopMount.makeFilesystem(type, in: scratch, name: name, sizeMiB: sizeMiB, mkfsArguments: arguments)
  }
}

/// A tree like a small OS, with everything in it that takes blocks of its own.
enum SampleTree {
  /// - Parameter zeros: With blocks of zeros inside of some files, as `/usr` has; they tell a written image from a dug
  ///   one.
  static func fill(_ root: String, _ random: inout Seed, zeros: Bool = true) throws {
    for directory in ["etc/ssl/certs", "usr/lib/modules", "usr/share/p11-kit", "usr/share/many", "var/log"] {
      try FileManager.default.createDirectory(atPath: "\(root)/\(directory)", withIntermediateDirectories: true)
    }
    var buffer: [UInt8] = (0..<1 << 20).map { _ in UInt8.random(in: 1...255, using: &random) }
    func write(_ path: String, _ count: Int) throws {
      buffer[0] = UInt8.random(in: 1...255, using: &random)
      try Data(buffer[..<count]).write(to: URL(fileURLWithPath: "\(root)/\(path)"))
    }
    for index in 0..<60 { try write("etc/ssl/certs/\(index).pem", Int.random(in: 1...9000, using: &random)) }
    for index in 0..<500 { try write("usr/share/many/file-with-a-longer-name-\(index)", index % 3 == 0 ? 0 : 700) }
    for index in 0..<12 { try write("usr/lib/modules/\(index).ko", Int.random(in: 60_000...900_000, using: &random)) }
    try write("usr/share/p11-kit/ca.p11", 300_001)
    // Long enough not to fit the inode.
    for index in 0..<3 {
      let target = String(repeating: "long/", count: 20) + "\(index)"
      try FileManager.default.createSymbolicLink(atPath: "\(root)/etc/link-\(index)", withDestinationPath: target)
    }
    try write("usr/lib/two-names", 50_000)
    try FileManager.default.linkItem(atPath: "\(root)/usr/lib/two-names", toPath: "\(root)/usr/share/other-name")
    guard zeros else { return }
    for index in 0..<6 {
      var bytes = Array(buffer[..<100_000])
      for at in 20_480..<61_440 { bytes[at] = 0 }
      try Data(bytes).write(to: URL(fileURLWithPath: "\(root)/usr/lib/zeros-inside-\(index)"))
    }
  }

  /// A file of single blocks far apart, so that its map needs nodes of its own; half of it in pieces.
  static func addFragmented(_ root: String, blockSize: Int, pieces: Int) throws {
    let path = "\(root)/usr/lib/fragmented"
    try Data().write(to: URL(fileURLWithPath: path))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    let block = Data(repeating: 0x5A, count: blockSize)
    for piece in 0..<pieces {
      try handle.seek(toOffset: UInt64(piece * 2 * blockSize))
      try handle.write(contentsOf: block)
    }
  }
}

/// The product's answer for an image file on this machine.
func verify(_ image: String, readsData: Bool = true) throws -> IntegritySurvey {
  let file = try LiveFile(try ReadOnlyFile.open(FilePath(image), expecting: .regularFile))
  var analyzer = ImageAnalyzer()
  analyzer.readsData = false
  let measurement = try analyzer.measure(file)
  return try IntegrityCheck.verify(file, map: measurement.map, readsData: readsData)
}

/// A filesystem with a sample tree, unmounted.
func makeGoodImage(_ recipe: ImageRecipe, in scratch: ScratchDirectory, _ random: inout Seed, zeros: Bool = true)
  throws -> String
{
  let image = try recipe.make(in: scratch)
  var local = random
  try LoopMount.with(image: image) { root, _ in
    try SampleTree.fill(root, &local, zeros: zeros)
    let blockSize = Int(try Command.check("stat", "-f", "-c", "%S", root).lines[0]) ?? 4096
    try SampleTree.addFragmented(root, blockSize: blockSize, pieces: 700)
  }
  random = local
  try Command.check("sync", image)
  return image
}
