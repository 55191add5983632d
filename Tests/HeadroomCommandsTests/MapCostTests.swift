import Foundation
import TestSupport
import Testing

/// What `map` costs in time and memory. Memory is held to the promise; time, measured on a debug build of a busy
/// machine, to a multiple of it that still shows a loop over holes.
@Suite(.serialized, .needsTool("time")) struct MapCostTests {
  @Test(
    "1 TiB with three small extents takes no time and no memory",
    arguments: [["--no-zeros"], ["--zeros"], ["--json"], ["--json", "--zeros"]])
  func n1TiBWithThreeSmallExtentsTakesNoTimeAndNoMemory(options: [String]) throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.sparseFile("huge.img", bytes: 1 << 40)
    for (offset, byte) in [(0, 1), (1 << 39, 0), ((1 << 40) - 4096, 2)] { try write(UInt8(byte), to: file, at: offset) }
    let (result, bytes) = try Command.peakMemory(
      Products.headroom(), arguments: ["map", file] + options, environment: Headroom.environment)
    #expect(result.status == 0, "\(result)")
    // A debug build brings its shared libraries along.
    #expect(bytes < 24 << 20, "\(bytes >> 10) KiB")
    #expect(result.elapsed < .milliseconds(500), "took \(result.elapsed)")
    if options == ["--json", "--zeros"] {
      let map = try JSONDecoder().decode(MapDocument.self, from: Data(result.output))
      #expect(map.extents.map(\.kind) == ["data", "hole", "zero", "hole", "data"])
      #expect(map.extents.map(\.length_bytes).reduce(0, +) == 1 << 40)
    }
  }

  @Test(
    "a file with a million extents is mapped in little memory", .needsRootAndLoop,
    arguments: [["--no-zeros"], ["--zeros"], ["--json"]])
  func aFileWithAMillionExtentsIsMappedInLittleMemory(options: [String]) throws {
    let count = LongProof.count(1_000_000, sample: 100_000)
    // What a map takes whatever is in it: a debug build brings its shared libraries along.
    let scratch = try ScratchDirectory()
    let empty = try Command.peakMemory(
      Products.headroom(), arguments: ["map", scratch.write([], to: "empty.img")] + options,
      environment: Headroom.environment
    ).bytes
    // Written as they come, they are not kept.
    let kept = options == ["--json"] ? 0 : 24 * count
    try LoopMount.withFilesystem("ext4", sizeMiB: count / 100 + 128, mkfsArguments: ["-b", "1024"]) { mountpoint, _ in
      let file = "\(mountpoint)/fragmented.img"
      try writeEveryOther(1024, count: count, to: file)
      let (result, bytes) = try Command.peakMemory(
        Products.headroom(), arguments: ["map", file] + options, environment: Headroom.environment)
      #expect(result.status == 0, "\(result.errors)")
      // 24 bytes an extent where the map is kept, and the buffers of four readers. A million extents come to about 40 MiB
      // in the static executable.
      #expect(bytes < empty + kept + 10 << 20, "\(bytes >> 10) KiB, of an empty file \(empty >> 10) KiB")
      if options == ["--json"] {
        let map = try JSONDecoder().decode(MapDocument.self, from: Data(result.output))
        #expect(map.extent_count == count)
      } else {
        let words = result.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("\(count) extents"))
      }
    }
  }

  private func write(_ byte: UInt8, to path: String, at offset: Int) throws {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    defer { close(file) }
    let bytes = [UInt8](repeating: byte, count: 4096)
    guard pwrite(file, bytes, bytes.count, offset) == bytes.count else { throw Unexpected("cannot write \(path)") }
  }

  private func writeEveryOther(_ block: Int, count: Int, to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    defer { close(file) }
    let bytes = [UInt8](repeating: 1, count: block)
    for number in 0..<count where pwrite(file, bytes, block, number * 2 * block) != block {
      throw Unexpected("cannot write \(path)")
    }
    guard fsync(file) == 0 else { throw Unexpected("cannot sync \(path)") }
  }
}
