import SpaceModel

/// What `headroom copy` says when it is done.
public struct CopyText: Sendable {
  private let result: CopyResult
  private let style: TextStyle

  public init(_ result: CopyResult, style: TextStyle) {
    self.result = result
    self.style = style
  }

  public func render() -> String {
    var lines = [
      "\(result.source.display) -> \(result.destination.display): \(style.paint("COPIED", .good)), \(how).",
      "  allocated \(style.size(result.allocatedBytes)) of \(style.size(result.apparentBytes)); "
        + "the source has \(style.size(result.sourceAllocatedBytes))",
    ]
    if result.method != .reflink {
      lines.append(
        "  written \(style.size(result.copiedBytes)), holes kept \(style.size(result.holeBytes)), "
          + "zeros left out \(style.size(result.dugBytes))")
    }
    if let label = result.label {
      lines.append(label.isEmpty ? "  label inside: none" : "  label inside: \(DisplayText.escaped(label))")
    }
    lines.append("  " + verified)
    if !result.notKept.isEmpty {
      lines.append("  not kept: " + result.notKept.map { DisplayText.escaped($0) }.joined(separator: ", "))
    }
    return lines.flatMap { TextWrap.wrap($0, width: style.width, indent: 4) }.joined(separator: "\n") + "\n"
  }

  private var how: String {
    switch result.method {
    case .reflink: "sharing the source's blocks"
    case .sparse: "without its zeros"
    case .copyFileRange: "without its zeros, by the file server"
    }
  }

  private var verified: String {
    guard let verification = result.verification else {
      return "synced to disk; contents not compared (--verify does that)"
    }
    let words = ["direct": "direct reads", "cache-dropped": "reads after its cache was dropped", "memory": "memory"]
    func word(_ method: String) -> String { words[method] ?? method }
    return "contents compared: source by \(word(verification.source)), copy by \(word(verification.destination))"
  }
}
