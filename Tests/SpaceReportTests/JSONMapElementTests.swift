import SpaceModel
import Testing

@testable import SpaceReport

@Suite struct JSONMapElementTests {
  private static func text(_ segment: JSONWriter.MapElement) -> String {
    var writer = JSONWriter(indented: false)
    writer.beginArray()
    writer.value(segment)
    writer.value(segment)
    writer.endArray()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test(
    "numbers of every length are written as they are",
    arguments: (0..<16).flatMap { digits -> [UInt64] in
      let power = (0..<digits).reduce(UInt64(1)) { power, _ in power * 10 }
      return [power - 1, power, power * 9 / 7]
    })
  func numbersOfEveryLengthAreWrittenAsTheyAre(_ number: UInt64) {
    let hole = Self.text(
      JSONWriter.MapElement(
        range: ByteRange(start: number, length: 10), kind: "hole", physical: nil, isShared: nil))
    let one = #"{"start_bytes":\#(number),"length_bytes":10,"kind":"hole"}"#
    #expect(hole == "[\(one),\(one)]")
  }

  @Test("numbers that readers of JSON would round stand there as text, too")
  func numbersThatReadersWouldRoundStandThereAsTextToo() {
    let start = UInt64(1) << 53
    let text = Self.text(
      JSONWriter.MapElement(
        range: ByteRange(start: start, end: .max), kind: "unreadable", physical: .max, isShared: true))
    let length = UInt64.max - start
    let one =
      #"{"start_bytes":\#(start),"start_bytes_s":"\#(start)","length_bytes":\#(length),"length_bytes_s":"\#(length)","#
      + #""kind":"unreadable","physical_bytes":\#(UInt64.max),"physical_bytes_s":"\#(UInt64.max)","shared":true}"#
    #expect(text == "[\(one),\(one)]")
  }
}
