import Foundation
import Testing
extension Trait where Self == ConditionTrait {
  public static var needsRootAndLoop: Self { .enabled(if: geteuid() == 0, "needs root and loop devices") }
}
