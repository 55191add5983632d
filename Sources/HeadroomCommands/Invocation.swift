import Glibc
import SpaceModel
import SpaceReport

/// How the program was started: by which name, with which words.
struct Invocation: Sendable {
  /// The words for the parser, without the program's name.
  var words: [String] { images.words }
  /// The names of many images, folded.
  let images: FoldedImages
  /// The format whose reader also wants to be told of errors its own way; `nil`: none.
  let adapter: ReportFormat?

  static let current = Invocation(name: name(), words: arguments())

  /// - Parameters:
  ///   - name: What it was called as.
  ///   - words: The command line.
  init(name: String, words: [String]) {
    let isPlugin = name.split(separator: "/").last == "check_headroom"
    let plain = words.map { $0 == "--termination-log" ? "--termination-log=/dev/termination-log" : $0 }
    images = FoldedImages(isPlugin ? Self.plugin(plain) : Self.withLongVersion(plain))
    adapter = Self.adapter(of: images.words)
  }

  /// The words behind the name of the command.
  var wordsOfCommand: [String] { Array(words.dropFirst()) }

  /// The Monitoring Plugins guidelines reserve some letters; the others are ours already. A plugin has 10 s unless it is
  /// given more.
  private static func plugin(_ words: [String]) -> [String] {
    var plain: [String] = []
    for word in words {
      switch word {
      case "-t": plain.append("--timeout")
      case "-V": plain.append("--version")
      default: plain.append(word)
      }
    }
    return ["check", "--format", ReportFormat.nagios.rawValue, "--timeout", "10s"] + plain
  }

  /// The parser has no short form of `--version`.
  private static func withLongVersion(_ words: [String]) -> [String] {
    guard words.count <= 2, words.last == "-V" else { return words }
    return words.dropLast() + ["--version"]
  }

  private static func adapter(of words: [String]) -> ReportFormat? {
    var adapter: ReportFormat?
    for (index, word) in words.enumerated() {
      if word == "--" { break }
      let value: String? =
        word.hasPrefix("--format=")
        ? String(word.dropFirst("--format=".count))
        : word == "--format" && index + 1 < words.count ? words[index + 1] : nil
      guard let value, let format = ReportFormat(rawValue: value) else { continue }
      adapter = [.nagios, .npd, .harvesterValidator].contains(format) ? format : nil
    }
    return adapter
  }

  private static func name() -> String {
    guard CommandLine.argc > 0, let word = CommandLine.unsafeArgv[0] else { return "" }
    return String(cString: word)
  }

  /// Bytes that are not UTF-8 survive as ``RawArgument`` text.
  private static func arguments() -> [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
      guard let word = CommandLine.unsafeArgv[index] else { return nil }
      return RawArgument.text(of: UnsafeBufferPointer(start: word, count: strlen(word)).map { UInt8(bitPattern: $0) })
    }
  }
}
