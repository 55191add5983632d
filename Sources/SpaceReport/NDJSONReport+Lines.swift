extension NDJSONReport {
  /// The lines of a document that are not blank, each with its number from 1.
  ///
  /// They are found one by one: a document of nothing but line ends costs no more than one pass over it.
  struct Lines: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var position = 0
    private var number = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> (number: Int, bytes: ArraySlice<UInt8>)? {
      let found = bytes.withUnsafeBytes { Self.line($0, from: position, number) }
      guard let found else {
        position = bytes.count
        return nil
      }
      position = found.range.upperBound + 1
      number = found.number + 1
      return (found.number, bytes[found.range])
    }

    private static func line(
      _ bytes: UnsafeRawBufferPointer, from position: Int, _ number: Int
    ) -> (number: Int, range: Range<Int>)? {
      var (start, index, number) = (position, position, number)
      while index < bytes.count {
        switch bytes[index] {
        case 0x0A:
          start = index + 1
          number += 1
        case 0x20, 0x09, 0x0D: break
        default:
          var end = index
          while end < bytes.count, bytes[end] != 0x0A { end += 1 }
          return (number, start..<end)
        }
        index += 1
      }
      return nil
    }
  }
}
