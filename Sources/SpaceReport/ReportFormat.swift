/// The forms a report can be written in; each has one reader in mind.
public enum ReportFormat: String, Sendable, Hashable, CaseIterable {
  /// For a person at a terminal.
  case text
  /// The report itself: all others can be made from it (``ReportDecoder``).
  case json
  /// The same, one object a line, as it is found.
  case ndjson
  /// Text exposition format 0.0.4, for node_exporter's textfile collector.
  case prometheus
  /// One line with performance data, by the Monitoring Plugins guidelines.
  case nagios
  /// One line of at most 80 bytes, for node-problem-detector.
  case npd
  /// What Harvester's pre-check reads: lines that begin with ERROR, WARN and RESULT.
  case harvesterValidator = "harvester-validator"
  /// One page without scripts, for a browser.
  case html
  /// For a ticket.
  case markdown
}
