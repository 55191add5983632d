import Foundation
import TestSupport
import Testing

/// The interchange form of a map, against the program it comes from.
@Suite(.needsTool("qemu-img")) struct QemuMapTests {
  private func expectSame(_ file: String, _ comment: String) throws {
    // What was just written counts as data for one and as unwritten for the other until it is written back.
    try Command.check("sync", file)
    let theirs = try Command.check("qemu-img", "map", "--output=json", "-f", "raw", file).text
    let ours = try Headroom.run("map", "--format", "qemu-map", file)
    #expect(ours.status == 0)
    // Later versions say of every range besides that it is not compressed.
    #expect(ours.text == theirs.replacing(#", "compressed": false"#, with: ""), "\(comment)")
  }

  @Test("random sparse files are mapped as qemu maps them") func randomFiles() throws {
    let scratch = try ScratchDirectory()
    for number in 0..<24 {
      let seed = Seed.current.derived(number).value
      let plan = SparsePlan.random(seed: seed)
      let file = scratch.file("plan-\(number).img")
      try plan.write(to: file, synchronize: .afterEachOperation)
      try expectSame(file, "seed \(Seed.current.value), file \(number)")
    }
  }

  @Test(
    "sizes that are no whole sectors, and nothing at all", arguments: [0, 1, 511, 512, 513, 1000, 4095, 4097, 70_000])
  func oddSizes(size: Int) throws {
    let scratch = try ScratchDirectory()
    let hole = try scratch.sparseFile("hole.img", bytes: size)
    try expectSame(hole, "a hole of \(size)")
    let data = scratch.file("data.img")
    try Data(repeating: 7, count: size).write(to: URL(filePath: data))
    try expectSame(data, "data of \(size)")
  }

  @Test("several images are no map, and zeros are data here") func oneImage() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.sparseFile("a.img", bytes: 4096)
    #expect(try Headroom.run("map", "--format", "qemu-map", file, file).status == 64)
    #expect(try Headroom.run("map", "--format", "qemu-map", "--zeros", file).status == 64)
  }
}
