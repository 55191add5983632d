import SpaceReport

/// The help as the parser writes it, arranged for somebody in a hurry: what the command does, examples, then the rest.
struct HelpText {
  private static let overview = "OVERVIEW: "
  private static let usage = "\n\nUSAGE: "

  /// - Parameters:
  ///   - message: What the parser answers to a request for help; any other message stays as it is.
  ///   - width: In columns.
  /// - Returns: Without a newline at the end.
  static func arranged(_ message: String, width: Int) -> String {
    guard message.hasPrefix(overview), let usageStart = message.firstRange(of: usage) else { return message }
    let overviewText = message[..<usageStart.lowerBound].dropFirst(overview.count)
    let behind = message[usageStart.upperBound...]
    let usageEnd = behind.firstRange(of: "\n\n")?.lowerBound ?? behind.endIndex
    // The parser aligns the examples below the first one.
    let examples = behind[..<usageEnd].split(separator: "\n").map { "  " + $0.drop { $0 == " " } }
    var options = String(behind[usageEnd...].drop { $0 == "\n" })
    while options.hasSuffix("\n") { options.removeLast() }

    let paragraphEnd = overviewText.firstRange(of: "\n\n")
    // The parser broke its lines with a heading in front.
    let abstract = overviewText[..<(paragraphEnd?.lowerBound ?? overviewText.endIndex)]
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let discussion = paragraphEnd.map { String(overviewText[$0.upperBound...]) }
    var parts = [
      TextWrap.wrap(abstract, width: width, indent: 0).joined(separator: "\n"),
      (["EXAMPLES:"] + examples).joined(separator: "\n"),
    ]
    if let discussion { parts.append(discussion) }
    parts.append(withShortVersion(options))
    if options.contains("\nSUBCOMMANDS:\n") { parts.append(Reference.text(width: width)) }
    return parts.joined(separator: "\n\n")
  }

  /// The parser knows `--version` alone; ``Invocation`` takes `-V`, too.
  private static func withShortVersion(_ options: String) -> String {
    options.replacing("\n  --version    ", with: "\n  -V, --version", maxReplacements: 1)
  }
}
