import SpaceModel

/// Replaces the names in one report: in paths by their components, in texts where they are found again.
struct NameRedaction {
  private let words: RedactedWords

  /// Knows all the names that the report's paths hold.
  init(of report: Report) {
    var words = RedactedWords()
    func add(_ path: FilePath, _ change: (FilePath) -> FilePath = Self.image) { words.add(path, change(path)) }
    // Texts call an image by its last component, too. A file inside one may be called as a command of a remedy is.
    func addImage(_ path: FilePath?) {
      guard let path else { return }
      add(path)
      add(path.lastComponent)
    }
    addImage(report.boot?.rootImage)
    for partition in report.partitions {
      if !partition.device.hasPrefix("/dev/") { add(Self.file(ofDevice: partition.device).path) }
      for leftover in partition.leftovers ?? [] { addImage(leftover.path) }
      for snapshot in partition.layout?.snapshots ?? [] { addImage(snapshot.path) }
      for image in partition.images ?? [] {
        addImage(image.path)
        addImage(image.hardLinkOf)
        for file in image.integrity?.files ?? [] { add(file.path, Self.file) }
      }
    }
    for basis in report.projections.compactMap(\.basis) where basis.kind == .payload || basis.kind == .card {
      add(FilePath(basis.source))
    }
    // What was named on the command line may have any name, and be named from where the command was started.
    for finding in report.findings where finding.id == .targetUnreadable {
      words.add(shown: finding.target, Self.device(FilePath(finding.target), orImage: true).display)
    }
    for limit in report.limits where limit.id == Self.evidenceLimit {
      guard let evidence = Self.evidence(in: limit.message) else { continue }
      words.add(shown: evidence, Self.device(FilePath(evidence), orImage: true).display)
    }
    self.words = words
  }

  /// Names that are known, and words that end as an image's name does.
  func text(_ text: String) -> String { words.replacingImageNames(in: words.replacing(in: text)) }

  /// The same, and paths in quotation marks, as messages of errors have them; a command's quoted words are not all names.
  func prose(_ text: String) -> String { RedactedWords.replacingQuotedPaths(in: self.text(text)) }

  private static let evidenceLimit = "evidence-not-taken"

  /// The path in `An image was not compared with /srv/tree: cannot …`, which stands there as it was given.
  private static func evidence(in message: String) -> String? {
    guard let start = message.firstRange(of: "compared with ")?.upperBound,
      let end = message[start...].firstRange(of: ": cannot ")?.lowerBound
    else { return nil }
    let words = message[start..<end]
    return String(words.trimmingPrefix("its twin ")).nonEmpty
  }

  // MARK: Paths

  /// The path of an image: the last component becomes `img-…`, directories that every node has stay, others become
  /// `dir-…`.
  static func image(_ path: FilePath) -> FilePath {
    var parts = path.bytes.split(separator: slash, omittingEmptySubsequences: false).map { Array($0) }
    guard let last = parts.lastIndex(where: { !$0.isEmpty }) else { return path }
    for index in parts.indices where !parts[index].isEmpty {
      if index == last {
        parts[index] = token("img", parts[index])
      } else if !isUsual(parts[index]) {
        parts[index] = token("dir", parts[index])
      }
    }
    return FilePath(bytes: parts.joined(separator: [slash]))
  }

  /// A path inside an image: every component becomes `file-…`.
  static func file(_ path: FilePath) -> FilePath {
    let parts = path.bytes.split(separator: slash, omittingEmptySubsequences: false)
    return FilePath(bytes: parts.map { $0.isEmpty ? [] : token("file", Array($0)) }.joined(separator: [slash]))
  }

  /// A device stays; of a disk image the file's name is replaced and `#4` stays.
  ///
  /// - Parameter orImage: It may be a file without a number too.
  static func device(_ device: FilePath, orImage: Bool = false) -> FilePath {
    guard !["/dev/", "/proc/", "/sys/"].contains(where: { device.hasPrefix($0) }) else { return device }
    let (path, number) = file(ofDevice: device)
    return FilePath(bytes: image(path).bytes + number)
  }

  fileprivate static func file(ofDevice device: FilePath) -> (path: FilePath, number: [UInt8]) {
    guard let mark = device.bytes.lastIndex(of: UInt8(ascii: "#")), mark > 0,
      device.bytes[(mark + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
    else { return (device, []) }
    return (FilePath(bytes: device.bytes[..<mark]), Array(device.bytes[mark...]))
  }

  private static let slash = UInt8(ascii: "/")

  /// Directories that tell nothing: the layouts' own, and those of every Linux.
  private static func isUsual(_ name: [UInt8]) -> Bool {
    name.allSatisfy { (0x30...0x39).contains($0) } || usual.contains(String(decoding: name, as: UTF8.self))
  }

  private static let usual: Set<String> = [
    ".", "..", "cOS", "boot", "boot-old", "boot-transition", "@", ".snapshots", "run", "initramfs", "cos-state",
    "cos-recovery", "host", "mnt", "media", "dev", "proc", "self", "fd", "sys", "var", "lib", "tmp", "home", "root",
    "usr", "local", "opt", "srv", "data", "oem",
  ]

  // MARK: Hash

  /// `img-` and eight digits of the name's hash; a token stays.
  private static func token(_ kind: String, _ name: [UInt8]) -> [UInt8] {
    isToken(name) ? name : Array("\(kind)-\(digits(name))".utf8)
  }

  private static func isToken(_ name: [UInt8]) -> Bool {
    let parts = name.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].count == 8 else { return false }
    return ["img", "dir", "file"].contains { parts[0].elementsEqual($0.utf8) }
      && parts[1].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// FNV-1a with 64 bits, folded to 32. It must be the same on every node, so it is no secret.
  private static func digits(_ name: [UInt8]) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in Array("headroom names\0".utf8) + name {
      hash ^= UInt64(byte)
      hash = hash &* 0x100_0000_01B3
    }
    let text = String(UInt32(truncatingIfNeeded: hash ^ hash >> 32), radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }
}
