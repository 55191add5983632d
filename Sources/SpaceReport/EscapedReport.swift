import SpaceModel

extension Report {
  /// The same with every text in it fit for a line of a terminal.
  ///
  /// Names of systems, labels, profiles and saved reports come from outside and may hold what moves a cursor or forges a
  /// line. The text layer escapes them here, before it adds colours of its own; JSON has them as they are.
  var escaped: Report {
    var report = self
    report.host.escape()
    report.boot?.escape()
    report.limits = report.limits.map(\.escaped)
    for index in report.partitions.indices { report.partitions[index].escape() }
    for index in report.projections.indices { report.projections[index].escape() }
    for index in report.findings.indices { report.findings[index].escape() }
    return report
  }
}

extension Limit {
  var escaped: Limit { Limit(DisplayText.escaped(id), DisplayText.escaped(message)) }
}

extension Report.Host {
  fileprivate mutating func escape() {
    for field in [\Self.nodeName, \.osID, \.osName, \.product, \.productVersion, \.architecture] {
      self[keyPath: field]?.escape()
    }
  }
}

extension BootState {
  fileprivate mutating func escape() { upgradeRunning = upgradeRunning?.map { DisplayText.escaped($0) } }
}

extension Partition {
  fileprivate mutating func escape() {
    filesystemLabel?.escape()
    partitionLabel?.escape()
    filesystemType?.escape()
    layout?.snapshotter?.escape()
    layout?.activeFilesystem?.escape()
    for index in (images ?? []).indices {
      images?[index].inUse?.by.escape()
      images?[index].os?.prettyName?.escape()
      images?[index].os?.version?.escape()
      images?[index].inner?.filesystemType.escape()
      images?[index].inner?.filesystemLabel?.escape()
      images?[index].integrity?.escape()
    }
  }
}

extension Integrity {
  fileprivate mutating func escape() {
    reason.escape()
    checked = checked.map { DisplayText.escaped($0) }
    files = files?.map { file in
      var file = file
      file.differs = file.differs?.map { DisplayText.escaped($0) }
      file.intactCopy?.escape()
      return file
    }
  }
}

extension Projection {
  fileprivate mutating func escape() {
    for field in [\Self.filesystemLabel, \.upgrade, \.profile, \.profileSource, \.model, \.reason] {
      self[keyPath: field].escape()
    }
    target?.escape()
    peakStep?.escape()
    basis?.source.escape()
    remedy = remedy?.map { DisplayText.escaped($0) }
    for index in steps.indices {
      steps[index].name.escape()
      steps[index].source?.escape()
    }
    for index in whatIfs.indices {
      whatIfs[index].id.escape()
      whatIfs[index].risk?.escape()
    }
  }
}

extension Finding {
  fileprivate mutating func escape() {
    id = ID(rawValue: DisplayText.escaped(id.rawValue))
    target.escape()
    message.escape()
    // Its lines are commands.
    remedy = remedy?.split(separator: "\n", omittingEmptySubsequences: false)
      .map { DisplayText.escaped(String($0)) }.joined(separator: "\n")
  }
}

extension String {
  fileprivate mutating func escape() { self = DisplayText.escaped(self) }
}
