import Foundation
import SpaceModel
import TestSupport
import Testing

@Suite struct HoleMapTests {
  static let coded: [([CellKind], String)] = [
    ([], ""), ([.data], "d"), ([.data, .data], "2d"),
    ([.data, .zero, .unwritten, .hole, .mostlyHole, .unreadable], "dzuhsx"),
    (Array(repeating: .data, count: 12) + [.zero, .zero, .zero, .hole], "12d3zh"),
    (Array(repeating: .hole, count: 256), "256h"),
  ]

  @Test("cells are run-length coded and back", arguments: coded) func cellsAreRunLengthCodedAndBack(
    cells: [CellKind], text: String
  ) {
    #expect(HoleMap(cellBytes: .kibibytes(4), cells: cells).runLengthCoded == text)
    #expect(HoleMap.cells(fromRunLengthCoded: text) == cells)
  }

  @Test("random maps survive coding") func randomMapsSurviveCoding() throws {
    for number in 0..<200 {
      var random = Seed.current.derived(number)
      var cells: [CellKind] = []
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        let kind = CellKind.allCases[Int.random(in: 0..<CellKind.allCases.count, using: &random)]
        cells += Array(repeating: kind, count: Int.random(in: 1..<13, using: &random))
      }
      let map = HoleMap(cellBytes: ByteCount(Int64.random(in: 1...Int64.max, using: &random)), cells: cells)
      let json = try JSONEncoder().encode(map)
      #expect(try JSONDecoder().decode(HoleMap.self, from: json) == map, "case \(number) of \(Seed.current)")
    }
  }

  @Test(
    "hostile text is no map",
    arguments: [
      "q", "3", "d3", "-1d", "+1d", " d", "d d", "1.5d", "3D", "d\n", "٣d", "65537d", "65536dd", "40000d40000h",
      "99999999999999999999999999d", "9223372036854775807d", "9223372036854775808dh", "d\u{301}", "\0",
    ])
  func hostileTextIsNoMap(text: String) {
    #expect(HoleMap.cells(fromRunLengthCoded: text) == nil)
  }

  @Test("the limit is kept to the cell") func theLimitIsKeptToTheCell() {
    #expect(HoleMap.cells(fromRunLengthCoded: "65536d")?.count == 65_536)
    #expect(HoleMap.cells(fromRunLengthCoded: "4d", limit: 4)?.count == 4)
    #expect(HoleMap.cells(fromRunLengthCoded: "4dh", limit: 4) == nil)
    #expect(HoleMap.cells(fromRunLengthCoded: "5d", limit: 4) == nil)
  }

  @Test("a report with a hostile map is refused, not trusted") func aReportWithAHostileMapIsRefusedNotTrusted() {
    let json = Data(#"{"cell_bytes": 4096, "cells": "99999999d"}"#.utf8)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(HoleMap.self, from: json) }
  }
}
