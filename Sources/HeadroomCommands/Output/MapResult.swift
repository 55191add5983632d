import ExtentAnalyzer
import SpaceModel

/// What was found of an image: its figures, and where more than sums was asked for, what they were counted from.
enum MapResult {
  case measured(ImageMeasurement)
  case counted(MapFigures)

  func usage(_ path: FilePath) -> ImageUsage {
    switch self {
    case .measured(let measurement): measurement.usage(path: path, role: .other)
    case .counted(let figures): figures.usage(path: path, role: .other)
    }
  }

  /// The first error while data was read.
  var readError: StorageError? {
    if case .measured(let measurement) = self { measurement.readError } else { nil }
  }

  var changedWhileReading: Bool {
    switch self {
    case .measured(let measurement): measurement.changedWhileReading
    case .counted(let figures): figures.changedWhileReading
    }
  }
}
