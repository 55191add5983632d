import SpaceModel

/// How the probing child tells its parent what came of a device: one line of `key=value` fields with a space between.
///
/// A field `part=N` begins a partition, and the fields behind it are about that one. Labels come from whoever wrote the
/// disk, so in values every byte that is not a printable ASCII character, the space and the backslash stand as `\xNN`: no
/// label can end a line or a field.
enum ProbeLine {
  static func encoded(_ outcome: ProbeOutcome) -> [UInt8] {
    var line = Fields()
    switch outcome {
    case .timedOut:
      line.add("outcome", "timeout")
    case .failed(let error):
      line.add("outcome", "failed")
      line.add("code", name(of: error.code))
      line.add("operation", error.operation)
      line.add("message", error.message)
      line.add("hint", error.hint)
      line.add("call", error.cause?.call)
      line.add("errno", error.cause.map { String($0.errno) })
      line.add("text", error.cause?.text)
    case .facts(let facts):
      line.add("outcome", "facts")
      line.add("size", String(facts.sizeBytes))
      line.add("sector", String(facts.sectorSize))
      line.add("table", facts.tableType)
      if facts.tooManyEntries { line.add("more", "1") }
      line.add(facts.content)
      for entry in facts.entries {
        line.add("part", String(entry.number))
        line.add("start", String(entry.start))
        line.add("length", String(entry.length))
        line.add("name", entry.name)
        line.add(entry.content)
      }
    }
    return line.bytes
  }

  /// - Parameter device: For the error, which does not carry its path.
  /// - Returns: `nil` where the line is not one of ours.
  static func outcome(of line: ArraySlice<UInt8>, device: FilePath) -> ProbeOutcome? {
    var fields = line.split(separator: UInt8(ascii: " ")).compactMap(field(of:))[...]
    guard let first = fields.popFirst(), first.key == "outcome" else { return nil }
    switch first.value {
    case "timeout": return .timedOut
    case "failed": return .failed(error(of: fields, device: device))
    case "facts": return facts(of: fields).map { .facts($0) }
    default: return nil
    }
  }

  private typealias Field = (key: String, value: String)

  private static func facts(of fields: ArraySlice<Field>) -> DeviceFacts? {
    var facts = DeviceFacts(
      sizeBytes: 0, sectorSize: 0, tableType: nil, entries: [], tooManyEntries: false, content: ContentFacts())
    for (key, value) in fields {
      if key == "part" {
        guard let number = Int(value) else { return nil }
        facts.entries.append(
          DeviceFacts.Entry(number: number, start: 0, length: 0, name: nil, content: ContentFacts()))
      } else if let last = facts.entries.indices.last {
        switch key {
        case "start": facts.entries[last].start = UInt64(value) ?? 0
        case "length": facts.entries[last].length = UInt64(value) ?? 0
        case "name": facts.entries[last].name = value
        default: facts.entries[last].content.take(key, value)
        }
      } else {
        switch key {
        case "size": facts.sizeBytes = UInt64(value) ?? 0
        case "sector": facts.sectorSize = Int(value) ?? 512
        case "table": facts.tableType = value
        case "more": facts.tooManyEntries = true
        default: facts.content.take(key, value)
        }
      }
    }
    return facts
  }

  private static func error(of fields: ArraySlice<Field>, device: FilePath) -> StorageError {
    let value = Dictionary(fields.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    var error = StorageError(
      codes.first { $0.name == value["code"] }?.code ?? .io, operation: value["operation"] ?? "probe", path: device,
      message: value["message"] ?? "it failed", hint: value["hint"])
    if let call = value["call"], let number = value["errno"].flatMap({ Int32($0) }) {
      error.cause = SystemCallError(call: call, errno: number, text: value["text"] ?? "")
    }
    return error
  }

  /// `StorageError.Code` does not show what it is made of.
  private static let codes: [(name: String, code: StorageError.Code)] = [
    ("not-found", .notFound), ("permission-denied", .permissionDenied), ("unsupported", .unsupported),
    ("wrong-type", .wrongType), ("corrupt", .corrupt), ("truncated", .truncated), ("changed", .changed),
    ("timed-out", .timedOut), ("busy", .busy), ("io", .io), ("cancelled", .cancelled),
  ]

  private static func name(of code: StorageError.Code) -> String? { codes.first { $0.code == code }?.name }

  private static func field(of bytes: ArraySlice<UInt8>) -> Field? {
    guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    let value = EscapedText.decoded(bytes[bytes.index(after: equals)...])
    return (String(decoding: bytes[..<equals], as: UTF8.self), String(decoding: value, as: UTF8.self))
  }
}

/// A line under construction.
private struct Fields {
  var bytes: [UInt8] = []

  mutating func add(_ key: String, _ value: String?) {
    guard let value else { return }
    if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
    bytes += key.utf8
    bytes.append(UInt8(ascii: "="))
    bytes += EscapedText.encoded(value.utf8)
  }

  mutating func add(_ content: ContentFacts) {
    add("type", content.type)
    add("label", content.label)
    add("uuid", content.uuid)
    add("usage", content.usage?.rawValue)
    if content.isAmbivalent { add("ambivalent", "1") }
  }
}

extension ContentFacts {
  /// Unknown keys are left out: a newer child may say more.
  fileprivate mutating func take(_ key: String, _ value: String) {
    switch key {
    case "type": type = value
    case "label": label = value
    case "uuid": uuid = value
    case "usage": usage = ContentUsage(rawValue: value)
    case "ambivalent": isAmbivalent = true
    default: break
    }
  }
}

/// Bytes as `\xNN`, as udev writes labels (ID_FS_LABEL_ENC).
enum EscapedText {
  /// Everything but printable ASCII, the space and the backslash is escaped.
  static func encoded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    for byte in bytes {
      if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") { out.append(byte) } else { out += escape(byte) }
    }
    return out
  }

  static func escape(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }

  /// A backslash that does not begin `\xNN` stands for itself.
  static func decoded(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var rest = Array(bytes)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3, rest.first == UInt8(ascii: "x"),
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      {
        out.append(value)
        rest = rest.dropFirst(3)
      } else {
        out.append(byte)
      }
    }
    return out
  }
}
