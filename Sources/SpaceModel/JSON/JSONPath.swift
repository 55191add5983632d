/// The keys that lead from a document's root to a value; shares its beginning with its neighbours.
indirect enum JSONPath {
  case root
  case key(JSONPath, String)
  case index(JSONPath, Int)

  var depth: Int {
    switch self {
    case .root: 0
    case .key(let parent, _), .index(let parent, _): parent.depth + 1
    }
  }

  var keys: [any CodingKey] {
    switch self {
    case .root: []
    case .key(let parent, let name): parent.keys + [JSONPathKey(stringValue: name)]
    case .index(let parent, let index): parent.keys + [JSONPathKey(intValue: index)]
    }
  }
}

extension JSONPath: CustomStringConvertible {
  /// `partitions[0].images[2].path`, safe for one line.
  var description: String {
    switch self {
    case .root: ""
    case .key(.root, let name): DisplayText.escaped(name)
    case .key(let parent, let name): parent.description + "." + DisplayText.escaped(name)
    case .index(let parent, let index): parent.description + "[\(index)]"
    }
  }
}

struct JSONPathKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }

  init(intValue: Int) {
    stringValue = "\(intValue)"
    self.intValue = intValue
  }
}
