import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The metrics as promtool, a real node_exporter and Prometheus' rules take them.
@Suite struct PrometheusConsumerTests {
  @Test("promtool has nothing to say", .needsTool("promtool"))
  func promtoolHasNothingToSay() throws {
    for report in Report.ofScenarios + StrangeReports.many(40) {
      let result = try Command.run("promtool", "check", "metrics", input: try report.rendered(.prometheus))
      #expect(result.status == 0 && result.lines.isEmpty && result.errors.isEmpty, "\(result)")
    }
  }

  @Test("no series comes twice, and no label is one that a scrape adds")
  func noSeriesComesTwice() throws {
    for report in Report.ofScenarios + StrangeReports.many(200) {
      let samples = try MetricSample.all(in: report.text(.prometheus))
      // As bytes: two spellings of an accent are two series.
      let series = samples.map { sample in
        [Array(sample.name.utf8)]
          + sample.labels.sorted { $0.key < $1.key }.flatMap { [Array($0.key.utf8), Array($0.value.utf8)] }
      }
      #expect(Set(series).count == series.count)
      let reserved: Set<String> = ["instance", "job", "node", "namespace", "pod"]
      #expect(samples.allSatisfy { reserved.isDisjoint(with: $0.labels.keys) })
      #expect(Set(samples.filter { $0.name == "headroom_image_allocated_bytes" }).count <= 64)
    }
  }

  @Test("node_exporter exports every sample of the textfile", .needsTool("prometheus-node-exporter", "bash"))
  func nodeExporterExportsEverySample() throws {
    let exporter = try TextfileExporter()
    for report in Report.ofScenarios + StrangeReports.many(40) {
      let text = try report.text(.prometheus)
      let page = try exporter.page(of: text)
      let exported = try MetricSample.all(in: page)
      #expect(exported.contains(try MetricSample(line: "node_textfile_scrape_error 0")), "\(text)\n\(page)")
      #expect(Set(exported.filter { $0.name.hasPrefix("headroom_") }) == Set(try MetricSample.all(in: text)))
    }
  }

  @Test("the exporter says so when a file is wrong", .needsTool("prometheus-node-exporter", "bash"))
  func theExporterSaysSoWhenAFileIsWrong() throws {
    let page = try TextfileExporter().page(of: "# TYPE headroom_build info\nheadroom_build 1\n")
    #expect(page.contains("node_textfile_scrape_error 1"))
  }

  @Test("the example alerts load, and go off for a node that would be damaged", .needsTool("promtool"))
  func theExampleAlertsGoOff() throws {
    let rules = "\(Products.root)/docs/examples/headroom-alerts.yml"
    try Command.check("promtool", "check", "rules", rules)
    var short = try #require(Report.ofScenarios.first { $0.projections.first?.outcome == .silentCorruption })
    var fine = try #require(Report.ofScenarios.first { $0.verdict == .ok })
    // A test's clock begins in 1970.
    short.generatedAt = "1970-01-01T00:00:00Z"
    fine.generatedAt = "1970-01-01T00:00:00Z"
    let missing = try #require(short.projections.first?.headroomBytes).bytes
    let scratch = try ScratchDirectory()
    let test = scratch.file("alerts.test.yml")
    try """
    rule_files: ["\(rules)"]
    evaluation_interval: 5m
    tests:
      - interval: 5m
        input_series:
    \(series(of: short, instance: "short"))
    \(series(of: fine, instance: "fine"))
          - {series: 'node_uname_info{instance="silent"}', values: '1x900'}
        alert_rule_test:
          - eval_time: 1h
            alertname: HeadroomUpgradeWouldNotFit
            exp_alerts:
              - exp_labels: {severity: critical, instance: short, fslabel: COS_STATE}
                exp_annotations:
                  summary: 'short: COS_STATE lacks \(Self.humanized(-missing))B for an upgrade'
                  description: Do not upgrade this node. `headroom plan` on it says what helps.
          - eval_time: 1h
            alertname: HeadroomUnknown
          - eval_time: 1h
            alertname: HeadroomStale
          - eval_time: 50h
            alertname: HeadroomStale
            exp_alerts:
              - exp_labels: {severity: warning, instance: short}
                exp_annotations: {summary: 'short: the last report is 2d 2h 0m 0s old'}
              - exp_labels: {severity: warning, instance: fine}
                exp_annotations: {summary: 'fine: the last report is 2d 2h 0m 0s old'}
          - eval_time: 25h
            alertname: HeadroomMissing
            exp_alerts:
              - exp_labels: {severity: warning, instance: silent}
                exp_annotations: {summary: 'silent: no report'}
        promql_expr_test:
          - expr: count by (instance) (ALERTS{alertname="HeadroomCritical",alertstate="firing"})
            eval_time: 1h
            exp_samples: [{labels: '{instance="short"}', value: 1}]

    """.write(toFile: test, atomically: false, encoding: .utf8)
    let result = try Command.run("promtool", "test", "rules", test)
    #expect(result.status == 0, "\(result)")
  }

  /// The report's samples as a test of rules has them, the same for ever.
  private func series(of report: Report, instance: String) throws -> String {
    try report.text(.prometheus).split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let sample = try MetricSample(line: line)
      let labels = (sample.labels.map { ($0.key, $0.value) } + [("instance", instance)])
        .map { "\($0.0)=\"\($0.1)\"" }.sorted().joined(separator: ",")
      return "      - {series: '\(sample.name){\(labels)}', values: '\(Int64(sample.value))x900'}"
    }.joined(separator: "\n")
  }

  /// As the `humanize1024` of Prometheus' templates.
  private static func humanized(_ bytes: Int64) -> String {
    var value = Double(bytes)
    var unit = 0
    while value >= 1024 {
      value /= 1024
      unit += 1
    }
    return String(format: "%.4g", value) + ["", "ki", "Mi", "Gi", "Ti"][unit]
  }
}

/// A node_exporter with the textfile collector alone.
private final class TextfileExporter {
  private let directory: ScratchDirectory
  private let process: RunningCommand
  private let port: String

  init() throws {
    directory = try ScratchDirectory()
    process = try Command.start(
      "prometheus-node-exporter",
      arguments: [
        "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=\(directory.path)",
        "--web.disable-exporter-metrics", "--web.listen-address=127.0.0.1:0",
      ])
    let deadline = ContinuousClock.now + .seconds(30)
    // It takes a free port and says which.
    while ContinuousClock.now < deadline {
      let log = String(decoding: process.errorsSoFar, as: UTF8.self)
      if let address = log.firstMatch(of: /address=127\.0\.0\.1:([0-9]+)/) {
        port = String(address.output.1)
        return
      }
      guard process.isRunning else { throw Unexpected("the exporter ended: \(log)") }
      usleep(10_000)
    }
    throw Unexpected(
      "the exporter does not say where it listens: \(String(decoding: process.errorsSoFar, as: UTF8.self))")
  }

  /// What a scrape gets with this textfile.
  func page(of text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file("headroom.prom")))
    let result = try Command.check(
      "bash", "-c",
      "exec 3<>/dev/tcp/127.0.0.1/\(port) && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && sed '1,/^\\r*$/d' <&3")
    return result.text
  }
}
