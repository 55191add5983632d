/// A line of a kernel log, taken apart into its time and what the kernel said.
///
/// `dmesg` (seconds, `-T`, `--time-format iso`, `-r`), `journalctl -k` (short, short-iso, short-monotonic, with and
/// without a host), rsyslog's kernel.log, or no time at all.
struct KernelLogLine {
  /// As it stands there; `nil` where the line has none.
  var time: String?
  var message: Substring
  /// `-- Boot …` and `-- Reboot --` of journalctl.
  var isBoot = false

  init(_ line: Substring) {
    var rest = line
    isBoot = rest.hasPrefix("-- Boot ") || rest.hasPrefix("-- Reboot")
    // dmesg -r: the level.
    if rest.hasPrefix("<"), let end = rest.prefix(6).firstIndex(of: ">") { rest = rest[rest.index(after: end)...] }
    var outer: String?
    Self.takeBrackets(&rest, &outer)
    // journalctl and rsyslog have "host kernel:" in front of the message.
    if let mark = Self.kernelMark(rest) {
      let words = rest[..<mark.lowerBound].split(separator: " ")
      // The last word is the host, unless there is nothing but the time; behind a time in brackets there is only a host.
      let time = words.count > 1 ? words.dropLast() : words[...]
      if outer == nil {
        outer = time.isEmpty ? nil : time.joined(separator: " ")
        rest = rest[mark.upperBound...].drop { $0 == " " }
      } else if words.count <= 1 {
        rest = rest[mark.upperBound...].drop { $0 == " " }
      }
    } else if let first = rest.split(separator: " ", maxSplits: 1).first, Self.isISO(first) {
      outer = String(first)
      rest = rest.dropFirst(first.count).drop { $0 == " " }
    }
    Self.takeBrackets(&rest, &outer)
    time = outer
    message = rest
  }

  /// Whether a line may be one of a kernel's log: it has the time where such a line has it, or says what a kernel says.
  static func isOne(_ text: Substring) -> Bool {
    let line = KernelLogLine(text)
    if line.isBoot || KernelLogMessage(line.message) != nil { return true }
    guard let time = line.time else { return beginnings.contains { line.message.hasPrefix($0) } }
    // `[1]` is a mark in some other text.
    return time.contains { $0 == ":" || $0 == "." }
      && time.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || " .:,+-".contains($0)) }
  }

  /// Of lines without a time (`dmesg -t`).
  private static let beginnings = [
    "Linux version ", "Command line: ", "BIOS-e820: ", "ACPI: ", "EXT4-fs ", "XFS (", "audit: ", "systemd[1]: ", "loop",
    "device-mapper: ", "pci ", "usb ", "IPv6: ",
  ]

  /// Seconds since the start, or a date with dmesg -T; `[T123]` and `[C0]` (CONFIG_PRINTK_CALLER) after it.
  private static func takeBrackets(_ rest: inout Substring, _ time: inout String?) {
    while rest.hasPrefix("["), let end = rest.prefix(40).firstIndex(of: "]") {
      let inner = rest[rest.index(after: rest.startIndex)..<end].drop { $0 == " " }
      if time == nil, inner.contains(where: \.isNumber) { time = String(inner) }
      rest = rest[rest.index(after: end)...].drop { $0 == " " }
    }
  }

  /// `kernel: ` within the first words.
  private static func kernelMark(_ line: Substring) -> Range<Substring.Index>? {
    var at = line.startIndex
    let limit = line.index(at, offsetBy: 200, limitedBy: line.endIndex) ?? line.endIndex
    while at < limit {
      if line[at...].hasPrefix("kernel: ") {
        // Behind another program's name it is only what that program said.
        let isFirst = !line[..<at].split(separator: " ").contains { $0.hasSuffix(":") }
        return isFirst ? at..<line.index(at, offsetBy: 8) : nil
      }
      at = line.index(after: at)
    }
    return nil
  }

  /// `2025-02-05T10:11:12,345678+00:00`.
  private static func isISO(_ word: Substring) -> Bool {
    let shape = word.prefix(11).map { $0.isNumber ? Character("0") : $0 }
    return String(shape) == "0000-00-00T"
  }
}
