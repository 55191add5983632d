import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The ticket as GitHub's own renderer reads it.
@Suite(.needsTool("cmark-gfm")) struct MarkdownConsumerTests {
  /// The document's tree as XML, with every extension a ticket system may have.
  private func tree(_ report: Report) throws -> String {
    try Command.check(
      "cmark-gfm", "-t", "xml", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tagfilter",
      input: try report.rendered(.markdown)
    ).text
  }

  private func count(_ name: String, in tree: String) -> Int {
    tree.components(separatedBy: "<\(name) ").count + tree.components(separatedBy: "<\(name)>").count - 2
  }

  @Test("each row of a table has the cells of its heading")
  func eachRowOfATableHasTheCellsOfItsHeading() throws {
    for report in Report.ofScenarios + StrangeReports.many(60) {
      let tree = try tree(report)
      let images = report.partitions.flatMap { $0.images ?? [] }
      var expected = report.partitions.isEmpty ? [] : [(columns: 7, rows: report.partitions.count)]
      if !images.isEmpty { expected.append((7, images.count)) }
      for projection in report.projections {
        if !projection.steps.isEmpty { expected.append((4, projection.steps.count + 1)) }
        if !projection.whatIfs.isEmpty { expected.append((5, projection.whatIfs.count)) }
      }
      if !report.findings.isEmpty { expected.append((4, report.findings.count)) }
      let tables = tree.components(separatedBy: "<table>").dropFirst()
      #expect(tables.count == expected.count)
      for (table, expected) in zip(tables, expected) {
        let body = table.components(separatedBy: "</table>")[0]
        #expect(count("table_row", in: body) == expected.rows)
        #expect(count("table_cell", in: body) == expected.columns * (expected.rows + 1))
      }
    }
  }

  @Test("no name moves what stands behind it into another cell")
  func noNameMovesWhatStandsBehindIt() throws {
    // A row with too many cells is cut to its heading by the renderer, so counting them does not show it.
    for report in StrangeReports.many(60) where !report.findings.isEmpty {
      // The findings' table is the last one.
      let body = try tree(report).components(separatedBy: "</table_header>").last ?? ""
      let rows = body.components(separatedBy: "</table_row>").dropLast()
      #expect(rows.count == report.findings.count)
      for row in rows {
        let cells = row.components(separatedBy: "<table_cell").dropFirst()
        #expect(cells.count == 4)
        #expect(cells.last?.contains("So.</text>") == true, "\(row)")
      }
    }
  }

  @Test("names bring no link, no image, no HTML, no heading of their own")
  func namesBringNothingOfTheirOwn() throws {
    for report in StrangeReports.many(100) {
      let tree = try tree(report)
      for node in ["link", "image", "html_inline", "html_block", "emph", "strikethrough", "block_quote", "linebreak"] {
        #expect(count(node, in: tree) == 0, "\(node) in \(tree)")
      }
      #expect(count("strong", in: tree) == 1)
      let sections = try report.text(.markdown).split(separator: "\n").filter {
        $0.hasPrefix("### ") || $0.hasPrefix("## ")
      }
      #expect(count("heading", in: tree) == sections.count)
      #expect(count("code_block", in: tree) <= 1)
    }
  }

  @Test("commands come out as they can be pasted")
  func commandsComeOutAsTheyCanBePasted() throws {
    var report = try #require(Report.ofScenarios.first { $0.projections.first?.remedy != nil })
    let index = try #require(report.findings.firstIndex { $0.id == .upgradeSpace })
    let commands = "rm -r --one-file-system '/run/a|b/```/<x>&'\n~~~\n# done"
    report.findings[index].remedy = commands
    let html = try Command.check("cmark-gfm", "-e", "table", input: try report.rendered(.markdown)).text
    let block = try #require(
      html.firstMatch(of: /<pre><code class="language-sh">((?:.|\n)*?)<\/code><\/pre>/)?.output.1)
    let plain = block.replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
      .replacingOccurrences(of: "&amp;", with: "&")
    #expect(plain == commands + "\n")
  }
}
