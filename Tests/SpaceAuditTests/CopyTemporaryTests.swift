import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import LinuxStorage

/// A file has its name when it is whole, and leaves nothing behind otherwise.
@Suite struct CopyTemporaryTests {
  private static func make(
    _ scratch: ScratchDirectory, unnamed: Bool, publishing: Bool, replacing: Bool
  ) throws {
    let directory = try ReadOnlyFile.open(FilePath(scratch.path), expecting: .directory)
    let file = try NewFile.create(in: directory, for: "new.img", unnamed: unnamed)
    try file.setSize(8192)
    try [UInt8](repeating: 7, count: 4096).withUnsafeBytes { try file.writer.write($0, at: 4096) }
    try file.sync()
    if publishing { try file.publish(as: "new.img", replacing: replacing) }
  }

  private static func entries(_ scratch: ScratchDirectory) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
  }

  @Test("it gets its name in one step, with and without O_TMPFILE", arguments: [true, false], [true, false])
  func publish(unnamed: Bool, replacing: Bool) throws {
    let scratch = try ScratchDirectory()
    if replacing { try scratch.write("old", to: "new.img") }
    try Self.make(scratch, unnamed: unnamed, publishing: true, replacing: replacing)
    #expect(try Self.entries(scratch) == ["new.img"])
    let bytes = try Data(contentsOf: URL(filePath: scratch.file("new.img")))
    #expect(bytes == Data(repeating: 0, count: 4096) + Data(repeating: 7, count: 4096))
  }

  @Test("what is not published is gone", arguments: [true, false]) func discard(unnamed: Bool) throws {
    let scratch = try ScratchDirectory()
    try Self.make(scratch, unnamed: unnamed, publishing: false, replacing: false)
    #expect(try Self.entries(scratch) == [])
  }

  @Test("a file that appeared meanwhile is not replaced", arguments: [true, false])
  func appeared(unnamed: Bool) throws {
    let scratch = try ScratchDirectory()
    try scratch.write("another's", to: "new.img")
    #expect(throws: StorageError.self) {
      try Self.make(scratch, unnamed: unnamed, publishing: true, replacing: false)
    }
    #expect(try Self.entries(scratch) == ["new.img"])
    #expect(try String(contentsOfFile: scratch.file("new.img"), encoding: .utf8) == "another's")
  }

  @Test("abandoned temporaries go, those in use and other files stay") func abandoned() throws {
    let scratch = try ScratchDirectory()
    let names = [
      ".new.img.headroom-copy-0123abcd", ".new.img.headroom-copy-0123abcg", ".old.img.headroom-copy-0123abcd",
      "new.img.headroom-copy-0123abcd", ".new.img.headroom-copy-0123abcd1",
    ]
    for name in names { try scratch.write("x", to: name) }
    let directory = try ReadOnlyFile.open(FilePath(scratch.path), expecting: .directory)
    let living = try NewFile.create(in: directory, for: "new.img", unnamed: false)
    TemporaryName.removeAbandoned(of: "new.img", in: directory)
    let left = try Self.entries(scratch)
    #expect(left.count == names.count)
    #expect(!left.contains(names[0]) && names.dropFirst().allSatisfy(left.contains))
    withExtendedLifetime(living) {}
  }

  @Test("a name of 255 bytes has a temporary one") func longName() throws {
    let scratch = try ScratchDirectory()
    let name = FilePath(String(repeating: "n", count: 255))
    let directory = try ReadOnlyFile.open(FilePath(scratch.path), expecting: .directory)
    let file = try NewFile.create(in: directory, for: name, unnamed: false)
    try file.publish(as: name, replacing: false)
    #expect(try Self.entries(scratch) == [name.display])
  }
}
