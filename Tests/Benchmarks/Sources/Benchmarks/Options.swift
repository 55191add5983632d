import Foundation

/// What the command line says.
struct Options {
  var headroom = ""
  var repository = ""
  var floors = ""
  var scratch = "/var/tmp"
  var scale = Scale.Name.standard
  var only: [String] = []
  var json: String?
  var markdown: String?
  var compare: String?
  var rounds: Int?
  var quick = false
  var list = false

  init(_ arguments: [String], environment: [String: String]) throws {
    if let directory = environment["HEADROOM_SCRATCH"], !directory.isEmpty { scratch = directory }
    if let size = environment["SIZE"], !size.isEmpty { scale = try Self.scale(size) }
    var rest = arguments[...]
    while let option = rest.popFirst() {
      func value() throws -> String {
        guard let value = rest.popFirst() else { throw Failure("\(option) wants a value") }
        return value
      }
      switch option {
      case "--headroom": headroom = try value()
      case "--repository": repository = try value()
      case "--floors": floors = try value()
      case "--only": only += try value().split(separator: ",").map(String.init)
      case "--json": json = try value()
      case "--markdown": markdown = try value()
      case "--compare": compare = try value()
      case "--rounds":
        guard let count = Int(try value()), count > 0 else { throw Failure("--rounds wants a whole number above zero") }
        rounds = count
      case "--quick": (quick, scale) = (true, .quick)
      case "--list": list = true
      default: throw Failure("no such option: \(option)")
      }
    }
  }

  private static func scale(_ word: String) throws -> Scale.Name {
    guard let name = Scale.Name(rawValue: word) else {
      throw Failure("SIZE is \(Scale.Name.allCases.map(\.rawValue).joined(separator: ", ")), not '\(word)'")
    }
    return name
  }
}
