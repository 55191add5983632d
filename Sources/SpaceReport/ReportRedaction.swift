import SpaceModel

/// What a report can be freed of before it is given away.
public enum Redaction: String, Sendable, Hashable, CaseIterable {
  /// Names of images, of files inside them and of payloads. The node's own name, labels, devices and mountpoints stay.
  case names
}

extension Report {
  /// The same report with names replaced by `img-`, `file-` and `dir-` with eight hexadecimal digits, in paths and in
  /// texts. One name gets the same digits in every report, so reports can still be compared. What was redacted before
  /// does not change.
  ///
  /// It hides names from a reader, not from somebody who guesses: the digits come from the name alone, so whoever thinks
  /// of a name can check it.
  public func redacted(_ what: Redaction) -> Report {
    var report = self
    let names = NameRedaction(of: self)
    report.boot?.redact(names)
    for index in report.limits.indices { report.limits[index].message = names.prose(limits[index].message) }
    for index in report.partitions.indices { report.partitions[index].redact(names) }
    for index in report.projections.indices { report.projections[index].redact(names) }
    for index in report.findings.indices { report.findings[index].redact(names) }
    if !limits.contains(where: { $0.id == Self.namesRedacted }) {
      report.limits.append(Limit(Self.namesRedacted, "Names of images and of files inside them were replaced."))
    }
    return report
  }

  private static let namesRedacted = "names-redacted"
}

extension BootState {
  fileprivate mutating func redact(_ names: NameRedaction) {
    rootImage = rootImage.map(NameRedaction.image)
    upgradeRunning = upgradeRunning?.map(names.prose)
  }
}

extension Partition {
  fileprivate mutating func redact(_ names: NameRedaction) {
    device = NameRedaction.device(device)
    for index in (leftovers ?? []).indices { leftovers?[index].path.redact() }
    for index in (layout?.snapshots ?? []).indices { layout?.snapshots?[index].path.redact() }
    for index in (images ?? []).indices { images?[index].redact(names) }
  }
}

extension ImageUsage {
  fileprivate mutating func redact(_ names: NameRedaction) {
    path.redact()
    hardLinkOf?.redact()
    inUse?.by.redact(names.prose)
    integrity?.reason.redact(names.prose)
    for index in (integrity?.files ?? []).indices {
      integrity?.files?[index].path.redact(NameRedaction.file)
      integrity?.files?[index].intactCopy?.redact(names.prose)
    }
  }
}

extension Projection {
  fileprivate mutating func redact(_ names: NameRedaction) {
    device = device.map { NameRedaction.device($0) }
    if let basis, basis.kind == .payload || basis.kind == .card {
      self.basis?.source = NameRedaction.image(FilePath(basis.source)).display
    } else {
      basis?.source.redact(names.prose)
    }
    for field in [\Self.profileSource, \.reason] { self[keyPath: field].redact(names.prose) }
    peakStep?.redact(names.prose)
    remedy = remedy?.map(names.prose)
    for index in steps.indices {
      steps[index].name.redact(names.prose)
      steps[index].source?.redact(names.prose)
    }
    for index in whatIfs.indices {
      whatIfs[index].id.redact(names.prose)
      whatIfs[index].risk?.redact(names.prose)
    }
  }
}

extension Finding {
  fileprivate mutating func redact(_ names: NameRedaction) {
    // What was named on the command line stands alone.
    let isPath = target.hasPrefix("/") || id == .targetUnreadable
    target = isPath ? NameRedaction.device(FilePath(target), orImage: true).display : names.prose(target)
    message.redact(names.prose)
    guard let commands = remedy else { return }
    let redacted = names.text(commands)
    if redacted != commands { remedy = "# Names are redacted: put the real ones in first.\n" + redacted }
  }
}

extension FilePath {
  fileprivate mutating func redact(_ change: (FilePath) -> FilePath = NameRedaction.image) { self = change(self) }
}

extension String {
  fileprivate mutating func redact(_ change: (String) -> String) { self = change(self) }
}
