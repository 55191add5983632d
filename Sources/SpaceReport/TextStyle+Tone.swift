import SpaceModel

/// What the answers are to the eye.
extension Verdict {
  var tone: TextStyle.Tone {
    switch self {
    case .ok: .good
    case .warning, .unknown: .notice
    case .critical: .bad
    }
  }
}

extension Finding.Severity {
  var tone: TextStyle.Tone {
    switch self {
    case .info: .faint
    case .warning: .notice
    case .critical: .bad
    }
  }
}

extension Projection.Outcome {
  var tone: TextStyle.Tone {
    switch self {
    case .fits: .good
    case .tight, .unknown: .notice
    case .silentCorruption, .loudFailure: .bad
    }
  }
}

extension Integrity.State {
  var tone: TextStyle.Tone {
    switch self {
    case .clean: .good
    case .damaged: .bad
    case .suspect, .unknown: .notice
    }
  }
}
