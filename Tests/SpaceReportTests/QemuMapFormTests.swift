import Foundation
import SpaceModel
import SpaceReport
import Testing

/// The array is one, wherever it ends.
@Suite struct QemuMapFormTests {
  @Test("what ends early is a closed array of what was found", arguments: 0..<4) func whatEndsEarlyIsClosed(count: Int)
    throws
  {
    var map = QemuMap(size: 1 << 20)
    for index in 0..<UInt64(count) {
      map.add(ByteRange(start: index * 4096, length: 4096), isData: index % 2 == 0)
    }
    map.finishEarly()
    let array = try JSONSerialization.jsonObject(with: Data(map.take())) as? [[String: Any]]
    #expect(array?.count == count)
  }
}
