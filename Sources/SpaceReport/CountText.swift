/// Numbers of things in words.
enum CountText {
  /// `1 image`, `2 images`.
  ///
  /// - Parameter noun: One whose plural ends in s.
  static func of(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
}
