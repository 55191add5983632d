import Foundation
import SpaceModel
import TestSupport

@testable import FilesystemReader

/// What a tree holds, entry by entry, in a form that two listings can be compared in.
struct TreeListing: Equatable {
  struct Entry: Hashable {
    var kind: RootTreeEntry.Kind
    var size: UInt64
    var links: Int
    var attributes: Set<ExtendedAttribute>
  }

  var entries: [FilePath: Entry] = [:]
  /// Names of one inode, where there are several.
  var linked: Set<Set<FilePath>> = []

  /// What a reader says.
  init(_ tree: some RootTree, excluding: [FilePath] = []) throws {
    var names: [UInt64: Set<FilePath>] = [:]
    var seen: Set<FilePath> = []
    try tree.walk(excluding: excluding) { directory throws(StorageError) in
      seen.insert(directory.path)
      if directory.path == "/" {
        entries["/"] = Entry(kind: .directory, size: 0, links: 1, attributes: Set(directory.attributes))
      } else if entries[directory.path]?.attributes != Set(directory.attributes) {
        throw StorageError(.corrupt, operation: "visit", path: directory.path, message: "before its parent")
      }
      for entry in directory.entries {
        let path = directory.path.appending(entry.name)
        entries[path] = Entry(
          kind: entry.kind, size: entry.size, links: entry.links, attributes: Set(entry.attributes))
        if entry.kind != .directory { names[entry.inode, default: []].insert(path) }
      }
    }
    linked = Set(names.values.filter { $0.count > 1 })
  }

  /// What find(1) and getfattr(1) say of a directory.
  init(directory: String, excluding: Set<String> = []) throws {
    let format = #"/%P\0%y\0%s\0%n\0%i\0"#
    let fields = try Command.check("find", directory, "-printf", format).output.split(
      separator: 0, omittingEmptySubsequences: false)
    var names: [[UInt8]: Set<FilePath>] = [:]
    var attributes = try Self.attributes(directory)
    for at in stride(from: 0, to: fields.count - 4, by: 5) {
      let path = FilePath(bytes: fields[at])
      let first = path.components.first?.utf8 ?? ""
      if excluding.contains(first) { continue }
      let kind: RootTreeEntry.Kind =
        switch String(decoding: fields[at + 1], as: UTF8.self) {
        case "d": .directory
        case "f": .file
        case "l": .symbolicLink
        default: .special
        }
      func number(_ index: Int) -> UInt64 { UInt64(String(decoding: fields[at + index], as: UTF8.self)) ?? .max }
      entries[path] = Entry(
        kind: kind, size: kind == .file || kind == .symbolicLink ? number(2) : 0,
        links: kind == .directory ? 1 : Int(number(3)), attributes: attributes.removeValue(forKey: path) ?? [])
      if kind != .directory { names[Array(fields[at + 4]), default: []].insert(path) }
    }
    linked = Set(names.values.filter { $0.count > 1 })
  }

  /// `# file: NAME`, then `name=0xHEX` a line; octal escapes in both.
  private static func attributes(_ directory: String) throws -> [FilePath: Set<ExtendedAttribute>] {
    let output = try Command.check(
      "getfattr", "--absolute-names", "-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", directory
    ).output
    var found: [FilePath: Set<ExtendedAttribute>] = [:]
    var path = FilePath("/")
    for line in output.split(separator: UInt8(ascii: "\n")) {
      if line.starts(with: "# file: ".utf8) {
        let full = FilePath(bytes: unescaped(line.dropFirst(8)))
        path = FilePath("/").appending(full.relative(to: FilePath(directory)) ?? full)
      } else if let equals = line.lastIndex(of: UInt8(ascii: "=")) {
        let digits = String(decoding: line[(equals + 1)...].dropFirst(2), as: UTF8.self)
        let value = stride(from: 0, to: digits.count, by: 2).compactMap { at in
          UInt8(digits.dropFirst(at).prefix(2), radix: 16)
        }
        found[path, default: []].insert(
          ExtendedAttribute(name: String(decoding: line[..<equals], as: UTF8.self), value: value))
      }
    }
    return found
  }

  private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        out.append(value)
        rest = rest.dropFirst(3)
      } else {
        out.append(byte)
      }
    }
    return out
  }

  /// Without what a squashfs does not keep.
  var withoutACLs: TreeListing {
    var copy = self
    for (path, entry) in entries {
      copy.entries[path]?.attributes = entry.attributes.filter { !$0.name.hasPrefix("system.") }
    }
    return copy
  }

  /// The first differences, for a message.
  func differences(from other: TreeListing) -> String {
    let paths = Set(entries.keys).union(other.entries.keys).filter { entries[$0] != other.entries[$0] }.sorted()
    let lines = paths.prefix(5).map { path in
      "\(path.display): \(entries[path].map { "\($0)" } ?? "-") against \(other.entries[path].map { "\($0)" } ?? "-")"
    }
    return "\(paths.count) entries differ, links \(linked == other.linked ? "agree" : "differ")\n"
      + lines.joined(separator: "\n")
  }
}
