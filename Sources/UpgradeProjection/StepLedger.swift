import SpaceModel

/// The bytes an upgrade adds to and takes from one filesystem, in order, and where that ends.
struct StepLedger {
  struct Entry {
    var name: String
    /// Negative: gives back.
    var change: ByteCount
    var failure: UpgradeProfile.Failure
    /// What is added, for the cause of a failure.
    var cause: Projection.Cause
    var source: String
    /// What the product's upgrade job digs out before the upgrade itself.
    var isDug = false
  }

  var entries: [Entry]
  /// What root can still write before the first step.
  var usable: ByteCount

  /// What is given back before anything is added.
  var credit: ByteCount {
    let leading = entries.prefix { $0.change <= .zero }
    return leading.reduce(.zero) { $0 - $1.change }
  }

  /// The largest cumulative growth, counted from where the credits left it.
  var need: ByteCount { max(.zero, (balances.max() ?? .zero) + credit) }

  var headroom: ByteCount { usable + credit - need }

  /// The step after which most is used; `nil` where nothing is added.
  var peak: Int? {
    guard let highest = balances.max(), highest + credit > .zero else { return nil }
    return balances.firstIndex(of: highest)
  }

  /// The first step there is no room for.
  var failing: Entry? {
    zip(entries, balances).first { entry, balance in entry.change > .zero && balance > usable }?.0
  }

  /// The sum of changes after each step.
  private var balances: [ByteCount] {
    var sum = ByteCount.zero
    return entries.map { entry in
      sum += entry.change
      return sum
    }
  }

  /// - Parameter used: Of the filesystem, before the first step.
  func steps(used: ByteCount) -> [Projection.Step] {
    zip(entries, balances).map { entry, balance in
      Projection.Step(
        name: entry.name, changeBytes: entry.change, usedBytes: used + balance, freeBytes: usable - balance,
        source: entry.source)
    }
  }
}
