import LinuxStorage
import SpaceModel

/// A sysfs `uevent` file: lines of `KEY=value`.
struct UeventText {
  private var values: [String: [UInt8]] = [:]

  init(parsing bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      values[String(decoding: line[..<equals], as: UTF8.self)] = Array(line[(equals + 1)...])
    }
  }

  /// The value's bytes; `nil` where the key is missing or its value is empty.
  subscript(key: String) -> [UInt8]? { values[key].flatMap { $0.isEmpty ? nil : $0 } }
}

/// What udev found on a device and wrote to `/run/udev/data/bMAJOR:MINOR`: known without opening anything.
///
/// The file is udev's private format, stable since 2009: lines of a letter, a colon and a value, properties as
/// `E:KEY=value`. Absent in containers and where udev does not run.
struct UdevRecord: Sendable, Hashable {
  var content = ContentFacts()
  /// GPT name.
  var partitionLabel: String?
  /// True where udev looked at the partition's entry in the table, so a missing name is an empty one.
  var knowsPartitionEntry = false
  /// `gpt` or `dos`, of a whole disk.
  var tableType: String?

  init(parsing bytes: [UInt8]) {
    var values: [String: String] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: "E:".utf8) {
      let property = line.dropFirst(2)
      guard let equals = property.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = EscapedText.decoded(property[(equals + 1)...])
      values[String(decoding: property[..<equals], as: UTF8.self)] = RawArgument.text(of: value)
    }
    func value(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }
    content.type = value("ID_FS_TYPE")
    // ID_FS_LABEL has its special characters replaced; only the encoded one is true.
    content.label = value("ID_FS_LABEL_ENC")
    content.uuid = value("ID_FS_UUID_ENC")
    content.usage = value("ID_FS_USAGE").flatMap(ContentUsage.init(rawValue:))
    content.isAmbivalent = value("ID_FS_AMBIVALENT") != nil
    partitionLabel = value("ID_PART_ENTRY_NAME")
    knowsPartitionEntry = value("ID_PART_ENTRY_SCHEME") != nil
    tableType = value("ID_PART_TABLE_TYPE")
  }

  /// The node's record of a device; `nil` where udev has none.
  static func read(_ number: DeviceNumber, sysroot: Sysroot) -> UdevRecord? {
    SmallFile.bytes(sysroot.resolve(FilePath("/run/udev/data/b\(number)"))).map(UdevRecord.init(parsing:))
  }
}
