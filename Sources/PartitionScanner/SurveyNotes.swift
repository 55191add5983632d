import SpaceModel

/// What a scan did not see, kept by reason until it is told.
struct SurveyNotes {
  var notOpened: [NotOpened: [String]] = [:]
  /// By the error's text.
  var notReadable: [String: [String]] = [:]
  var timedOut: [String] = []
  var withoutNode: [String] = []
  var withoutPartitions: [String] = []
  var others: [Limit] = []

  /// One for each reason, in a fixed order.
  var limits: [Limit] {
    var limits: [Limit] = []
    for (reason, names) in notOpened.map({ ($0.key.reason, $0.value) }).sorted(by: { $0.0 < $1.0 }) {
      limits.append(
        Limit(
          "device-not-opened",
          "not opened: \(Self.list(names)) (\(reason)); --all-devices opens them, --device a single one"))
    }
    for (message, names) in notReadable.sorted(by: { $0.key < $1.key }) {
      limits.append(Limit("device-not-readable", "cannot read \(Self.list(names)): \(message)"))
    }
    if !timedOut.isEmpty {
      limits.append(Limit("device-timeout", "no answer in time from \(Self.list(timedOut))"))
    }
    if !withoutNode.isEmpty {
      limits.append(
        Limit("device-node-missing", "no device node below /dev for \(Self.list(withoutNode)), so not opened"))
    }
    if !withoutPartitions.isEmpty {
      limits.append(
        Limit(
          "partitions-unknown-to-kernel",
          "\(Self.list(withoutPartitions)): there is a partition table, but the kernel has no partitions of it; "
            + "--device looks inside"))
    }
    return limits + others
  }

  /// A node with hundreds of volumes should not get a page of names.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(20).map { DisplayText.escaped($0) }.joined(separator: ", ")
    return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
  }
}
