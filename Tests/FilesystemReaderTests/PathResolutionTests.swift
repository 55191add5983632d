import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

@Suite struct PathResolutionTests {
  /// A chain of links, `0` to `1` to … to a file.
  private func chain(_ links: Int, from path: FilePath = "0") throws -> String? {
    try PathResolution.resolve(path, root: "root") { _, name -> PathResolution.Step<String>? in
      guard let number = name.utf8.flatMap({ Int($0) }) else { return nil }
      return number < links ? .link(FilePath("\(number + 1)")) : .other("file")
    }
  }

  @Test("As many links are followed as the kernel follows")
  func links() throws {
    #expect(try chain(40) == "file")
    #expect(try chain(41) == nil)
  }

  @Test("A directory's reader follows as many as the kernel itself", arguments: [40, 41])
  func linksOfADirectory(_ count: Int) throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    try scratch.write("end", to: "root/l\(count)")
    for number in 0..<count { try Command.check("ln", "-s", "l\(number + 1)", "\(root)/l\(number)") }
    let kernel = try Command.run("cat", "\(root)/l0").status == 0
    #expect(try (DirectoryRootTree(FilePath(root)).smallFile("/l0", limit: 10) != nil) == kernel)
  }

  @Test("The names that are looked up are bounded, whatever the links hold")
  func names() throws {
    var asked = 0
    let way = [String](repeating: "d", count: 16_000).joined(separator: "/")
    let found = try PathResolution.resolve("link", root: "root") { _, name -> PathResolution.Step<String>? in
      asked += 1
      return name == "link" ? .link(FilePath("\(way)/link")) : .directory("d")
    }
    #expect(found == nil)
    #expect(asked == PathResolution.mostNames)
  }
}
