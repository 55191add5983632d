/// Which keys of which objects were asked for; what is left over is not known to the types that were decoded.
final class JSONKeyLedger {
  /// Of one object.
  final class Record {
    let node: JSONNode
    var asked: Set<String> = []

    init(node: JSONNode) { self.node = node }
  }

  private(set) var records: [JSONPosition: Record] = [:]
  /// How the whole document is read.
  let absentText: JSONValue.AbsentText

  init(absentText: JSONValue.AbsentText = .refused) { self.absentText = absentText }

  /// The same record for every container of an object: a type may hand its decoder on to another.
  func record(of node: JSONNode) -> Record {
    if let record = records[node.value.position] { return record }
    // The record must not keep this ledger alive, which keeps the record.
    let record = Record(node: JSONNode(value: node.value, path: node.path, ledger: JSONKeyLedger()))
    records[node.value.position] = record
    return record
  }

  /// The first in the document.
  var firstUnknownKey: JSONError? {
    let unknown = records.values.compactMap { record -> (member: JSONMember, record: Record)? in
      guard case .object(let members) = record.node.value.content else { return nil }
      return members.first { !record.asked.contains($0.key) }.map { ($0, record) }
    }
    let first = unknown.min { left, right in
      let (one, other) = (left.member.keyPosition, right.member.keyPosition)
      return (one.line, one.column) < (other.line, other.column)
    }
    guard let (member, record) = first else { return nil }
    let near = JSONWords.nearest(to: member.key, among: record.asked.sorted())
    let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
    return JSONError(
      "the key \(JSONWords.quoted(member.key)) is not known here\(hint)", at: member.keyPosition,
      keyPath: record.node.path.description)
  }
}
