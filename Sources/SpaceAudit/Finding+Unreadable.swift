import SpaceModel
import SpaceReport

/// What could not be read.
extension Finding {
  static func unreadable(_ image: ImageUsage, on partition: Partition, _ error: StorageError) -> Finding {
    unreadable(partition.target(of: image), error)
  }

  static func unreadable(_ target: String, _ error: StorageError) -> Finding {
    Finding(.imageUnreadable, .warning, target: target, message: sentence(error), remedy: error.hint)
  }

  static func unreadable(_ partition: Partition, _ error: StorageError) -> Finding {
    Finding(.partitionUnreadable, .warning, target: partition.name, message: sentence(error), remedy: error.hint)
  }

  /// An error as a sentence of its own.
  public static func sentence(_ error: StorageError) -> String {
    let summary = error.summary
    return summary.prefix(1).uppercased() + summary.dropFirst() + "."
  }
}
