import SpaceModel

/// How far into images a survey looks.
public struct SurveyDepth: Sendable, Hashable, Codable {
  /// Whether an image was written whole.
  public enum Verification: String, Sendable, Hashable, Codable {
    case none
    /// What shows without reading file data.
    case quick
    /// All data is read, too.
    case whole
  }

  /// Data is read for zeros; else what can be given back is an estimate from the bitmaps inside.
  public var readsData = true
  public var verification = Verification.quick

  /// Images that were named get an answer whatever they hold; else only those that should hold a system do.
  public var answersForNamed = false

  /// What an image was made from; it is compared with every file of it.
  public var against: FilePath?
  /// Modes, owners, link targets and extended attributes are compared with it as well.
  public var comparesAttributes = false
  /// A kernel log of the time the image was written.
  public var kernelLog: FilePath?
  /// What is looked at is this machine's, so that the running kernel's log may say something of it.
  var isOfRunningKernel = false

  public init() {}
}
