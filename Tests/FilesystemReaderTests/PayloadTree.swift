import Foundation
import LinuxStorage
import SpaceModel
import TestSupport

@testable import FilesystemReader

/// A root directory with everything in it that a payload can have, random by a seed.
struct PayloadTree {
  let path: String
  private var random: Seed
  private var directories: [[UInt8]] = [[]]
  private var files: [[UInt8]] = []
  private var made = 0

  init(in scratch: ScratchDirectory, seed: Seed, name: String = "tree") throws {
    path = try scratch.directory(name)
    random = seed
    try scratch.write("", to: "\(name)/.keep")
    _ = try scratch.directory("\(name)/etc")
    _ = try scratch.directory("\(name)/usr/bin")
    _ = try scratch.directory("\(name)/usr/lib")
    _ = try scratch.directory("\(name)/proc")
    try scratch.write("not of the tree", to: "\(name)/proc/excluded")
    try scratch.write("PRETTY_NAME=\"Harvester v1.8.0\"\nID=sle-micro\n", to: "\(name)/usr/lib/os-release")
    try scratch.write("harvester: v1.8.0\nminUpgradableVersion: \"v1.6.0\"\n", to: "\(name)/etc/harvester-release.yaml")
    try make(symlink: "../usr/lib/os-release", at: Array("etc/os-release".utf8))
    // The start of an aarch64 program, behind links that lead around in the tree.
    let header: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [2, 0, 183, 0, 1]
    try scratch.write(header + [UInt8](repeating: 7, count: 5000), to: "\(name)/usr/bin/dash")
    try make(symlink: "usr/bin", at: Array("bin".utf8))
    try make(symlink: "/bin/./../bin/dash", at: Array("usr/bin/sh".utf8))
    for _ in 0..<12 { try makeDirectory() }
    for _ in 0..<120 { try makeEntry() }
    try makeLargeDirectory()
    try makeAttributes()
  }

  private mutating func name() -> [UInt8] {
    made += 1
    let tail = Array("\(made)".utf8)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return Array("with space ".utf8) + tail
    case 1: return [0xFF, 0xC3, 0x28] + tail
    case 2: return Array("größe-日本-".utf8) + tail
    case 3: return [UInt8](repeating: UInt8(ascii: "n"), count: 255 - tail.count) + tail
    case 4: return Array("-\\quote'\"\t".utf8) + tail
    default: return Array("file".utf8) + tail
    }
  }

  private mutating func somewhere() -> [UInt8] {
    let directory = directories.randomElement(using: &random) ?? []
    return directory.isEmpty ? name() : directory + [0x2F] + name()
  }

  private mutating func makeDirectory() throws {
    let place = somewhere()
    try call("mkdir", place) { mkdir($0, 0o755) }
    directories.append(place)
  }

  private mutating func makeEntry() throws {
    let place = somewhere()
    switch Int.random(in: 0..<10, using: &random) {
    case 0: try make(symlink: "short", at: place)
    case 1: try make(symlink: String(repeating: "long/", count: Int.random(in: 10...150, using: &random)), at: place)
    case 2 where !files.isEmpty:
      let target = files.randomElement(using: &random) ?? []
      try call("link", place) { to in withPath(target) { link($0, to) } }
    case 3 where Machine.isRoot: try call("mknod", place) { mknod($0, S_IFCHR | 0o600, 0x103) }
    case 4: try call("mkfifo", place) { mkfifo($0, 0o600) }
    case 5:
      // A hole of some blocks of any squashfs, then data.
      try make(file: place, hole: 3 << 20, bytes: 5000)
    case 6: try make(file: place, hole: 0, bytes: Int.random(in: 100_000...1_500_000, using: &random))
    default: try make(file: place, hole: 0, bytes: Int.random(in: 0...9000, using: &random))
    }
  }

  private mutating func make(file place: [UInt8], hole: Int, bytes: Int) throws {
    // Some blocks that compress well, some that do not.
    let piece = (0..<(bytes % 3 == 0 ? 20_000 : 100)).map { _ in UInt8.random(in: 0...255, using: &random) }
    let content = [[UInt8]](repeating: piece, count: bytes / piece.count + 1).flatMap { $0 }
    try call("write", place) { name in
      let handle = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      guard handle >= 0 else { return -1 }
      defer { close(handle) }
      return pwrite(handle, content, bytes, hole) == bytes && ftruncate(handle, hole + bytes) == 0 ? 0 : -1
    }
    files.append(place)
  }

  private func make(symlink target: String, at place: [UInt8]) throws {
    try call("symlink", place) { symlink(target, $0) }
  }

  /// More names than one header of a squashfs directory holds.
  private mutating func makeLargeDirectory() throws {
    try call("mkdir", Array("large".utf8)) { mkdir($0, 0o755) }
    for number in 0..<700 { try make(file: Array("large/entry-\(number)".utf8), hole: 0, bytes: number % 40) }
  }

  private func makeAttributes() throws {
    let large = String(repeating: "v", count: 600)
    for number in stride(from: 0, to: 300, by: 7) {
      let file = "\(path)/large/entry-\(number)"
      try Command.check("setfattr", "-n", "user.origin", "-v", "build \(number % 3)", file)
      if number % 2 == 0 { try Command.check("setfattr", "-n", "user.large", "-v", large, file) }
    }
    try Command.check("setfattr", "-n", "user.directory", "-v", "yes", "\(path)/large")
    try Command.check("setfacl", "-m", "u:1000:rw,g:50:r", "\(path)/large/entry-1")
    try Command.check("setfacl", "-d", "-m", "u:1000:rwx", "\(path)/usr/lib")
    guard Machine.isRoot else { return }
    try Command.check("setfattr", "-n", "trusted.overlay.opaque", "-v", "y", "\(path)/usr/lib")
    try Command.check("setcap", "cap_net_raw+ep", "\(path)/usr/bin/dash")
  }

  private func call(_ name: String, _ place: [UInt8], _ body: (UnsafePointer<CChar>) -> Int32) throws {
    guard withPath(place, body) == 0 else {
      throw PayloadTreeFailure(description: "\(name) failed in \(path): errno \(errno)")
    }
  }

  private func withPath<Result>(_ place: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (Array("\(path)/".utf8) + place + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress.unsafelyUnwrapped) }
    }
  }
}

struct PayloadTreeFailure: Error, CustomStringConvertible {
  var description: String
}
