import Foundation
import LinuxStorage
import SpaceModel
import Testing

@testable import PartitionScanner

extension DeviceFacts {
  static var sample: DeviceFacts {
    var content = ContentFacts()
    content.type = "ext4"
    content.label = RawArgument.text(of: [0x0A, 0xFF, 0x20, 0x3D, 0x5C, 0x78, 0x34, 0x31, 0x00, 0xC3, 0xA9, 0x1B])
    content.uuid = "u"
    content.usage = .filesystem
    var other = ContentFacts()
    other.isAmbivalent = true
    return DeviceFacts(
      sizeBytes: .max, sectorSize: 4096, tableType: "gpt",
      entries: [
        Entry(number: 1, start: 0, length: 512, name: "part=2 start=7\noutcome=failed", content: content),
        Entry(number: 128, start: 1 << 40, length: .max, name: nil, content: other),
      ], tooManyEntries: true, content: content)
  }
}

/// The child that probes: its lines, its limits, its end.
@Suite struct ProbingTests {
  @Test("any label goes through the pipe unharmed and on one line")
  func anyLabelGoesThroughThePipeUnharmedAndOnOneLine() {
    let line = ProbeLine.encoded(.facts(.sample))
    #expect(line.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    #expect(ProbeLine.outcome(of: line[...], device: "/dev/x") == .facts(.sample))
  }

  @Test("an error keeps its kind, text and cause") func anErrorKeepsItsKindTextAndCause() {
    let error = SystemCallTable.error(operation: "probe", path: "/dev/x", call: "openat", errno: 13)
    let line = ProbeLine.encoded(.failed(error))
    #expect(ProbeLine.outcome(of: line[...], device: "/dev/x") == .failed(error))
  }

  @Test(
    "what is not an answer is not taken for one",
    arguments: ["", "x", "outcome=", "size=1", "outcome=facts part=x", "=", " = = "])
  func whatIsNotAnAnswerIsNotTakenForOne(line: String) {
    #expect(ProbeLine.outcome(of: Array(line.utf8)[...], device: "/dev/x") == nil)
  }

  private func shell(_ script: String) -> [String] { ["-c", script, "sh"] }

  @Test("each device has its own limit, and a new child goes on behind a stuck one")
  func eachDeviceHasItsOwnLimitAndANewChildGoesOnBehindAStuckOne() {
    // A child that answers all but the device named "stuck", and dies on "crash".
    let script = """
      for device; do
        case "$device" in
          stuck) exec sleep 100 ;;
          crash) kill -SEGV $$ ;;
          silent) exit 3 ;;
          *) echo "outcome=facts size=7 sector=512 type=$device" ;;
        esac
      done
      """
    let prober = ChildProber(executable: "/bin/sh", arguments: shell(script), timeLimitSeconds: 0.3)
    let start = ContinuousClock.now
    let outcomes = prober.probe(["a", "stuck", "b", "crash", "silent", "c", "stuck"])
    #expect(ContinuousClock.now - start < .seconds(3))
    #expect(outcomes.count == 7)
    let kinds = outcomes.map { outcome in
      switch outcome {
      case .facts(let facts): facts.content.type ?? ""
      case .timedOut: "timed out"
      case .failed(let error): error.message
      }
    }
    #expect(
      kinds == [
        "a", "timed out", "b", "signal 11 ended the process that did it",
        "the process that did it ended early with status 3", "c", "timed out",
      ])
  }

  @Test("paths that are not UTF-8 reach the child as they are")
  func pathsThatAreNotUTF8ReachTheChildAsTheyAre() {
    let path = FilePath(bytes: [0x61, 0xFF, 0x20])
    let prober = ChildProber(executable: "/bin/sh", arguments: shell("printf 'outcome=facts type=%s\n' \"${#1}\""))
    guard case .facts(let facts) = prober.probe([path]).first else {
      Issue.record("no facts")
      return
    }
    // dash counts bytes.
    #expect(facts.content.type == "3")
  }

  @Test("a cancelled probe leaves the rest undone at once") func aCancelledProbeLeavesTheRestUndoneAtOnce() {
    let prober = ChildProber(
      executable: "/bin/sleep", arguments: ["100"], timeLimitSeconds: 60, isCancelled: { true })
    let outcomes = prober.probe(["100", "100"])
    #expect(outcomes.count == 2)
    for outcome in outcomes {
      guard case .failed(let error) = outcome else {
        Issue.record("not cancelled")
        continue
      }
      #expect(error.code == .cancelled)
    }
  }

  @Test("a child that cannot be started is an error for every device")
  func aChildThatCannotBeStartedIsAnErrorForEveryDevice() {
    let outcomes = ChildProber(executable: "/nonexistent/program").probe(["a", "b"])
    #expect(outcomes.count == 2)
    for case .failed(let error) in outcomes {
      #expect(error.code == .notFound && error.operation == "start the worker")
    }
  }

  @Test("silence ends a worker, lines keep it alive") func silenceEndsAWorkerLinesKeepItAlive() throws {
    let start = ContinuousClock.now
    let silent = try WorkerProcess.run(
      executable: "/bin/sleep", arguments: ["100"], silenceLimitSeconds: 0.2, onLine: { _ in })
    #expect(silent == .silent)
    #expect(ContinuousClock.now - start < .seconds(2))
    var lines: [String] = []
    let talker = try WorkerProcess.run(
      executable: "/bin/sh", arguments: ["-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.15; done; printf end; exit 7"],
      silenceLimitSeconds: 0.6, onLine: { lines.append(String(decoding: $0, as: UTF8.self)) })
    #expect(talker == .exited(7))
    #expect(lines == ["1", "2", "3", "4", "5", "end"])
  }

  @Test("a worker that closes its output and goes on is ended too") func aWorkerThatClosesItsOutputAndGoesOnIsEndedToo()
    throws
  {
    let outcome = try WorkerProcess.run(
      executable: "/bin/sh", arguments: ["-c", "echo x; exec >&-; exec sleep 100"], silenceLimitSeconds: 0.3,
      onLine: { _ in })
    #expect(outcome == .silent)
    // What limits its silence is no reason to wait for one that has nothing more to say, nor to be deaf meanwhile.
    let start = ContinuousClock.now
    let cancelled = try WorkerProcess.run(
      executable: "/bin/sh", arguments: ["-c", "exec >&-; exec sleep 100"], silenceLimitSeconds: 60,
      isCancelled: { ContinuousClock.now - start > .milliseconds(500) }, onLine: { _ in })
    #expect(cancelled == .cancelled && ContinuousClock.now - start < .seconds(4))
    let late = ContinuousClock.now
    let ended = try WorkerProcess.run(
      executable: "/bin/sh", arguments: ["-c", "exec >&-; exec sleep 100"], silenceLimitSeconds: 60, onLine: { _ in })
    #expect(ended == .silent && ContinuousClock.now - late < .seconds(20))
  }

  @Test("a worker can be cancelled and cannot flood us") func aWorkerCanBeCancelledAndCannotFloodUs() throws {
    let cancelled = try WorkerProcess.run(
      executable: "/bin/sleep", arguments: ["100"], silenceLimitSeconds: 60, isCancelled: { true }, onLine: { _ in })
    #expect(cancelled == .cancelled)
    let flood = try WorkerProcess.run(
      executable: "/bin/sh", arguments: ["-c", "exec tr '\\0' x < /dev/zero"], silenceLimitSeconds: 10,
      lineLimitBytes: 1 << 20, onLine: { _ in })
    #expect(flood == .lineTooLong)
  }

  @Test("no descriptor is left open") func noDescriptorIsLeftOpen() throws {
    // Other tests open files meanwhile: only pipes count, and none may pile up over many runs.
    let pipes = {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
      return names.filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.hasPrefix("pipe:") == true
      }.count
    }
    let before = pipes()
    for _ in 0..<50 {
      _ = try WorkerProcess.run(executable: "/bin/true", arguments: [], silenceLimitSeconds: 5, onLine: { _ in })
    }
    #expect(pipes() < before + 40)
  }

  @Test("the worker writes what in-process probing finds") func theWorkerWritesWhatInProcessProbingFinds() throws {
    let scratch = try Scratch()
    let image = try scratch.sparse("ext", bytes: 8 << 20)
    try Tool.run("mke2fs", ["-q", "-F", "-L", "a b", image])
    let pipe = Pipe()
    let devices: [FilePath] = [FilePath(image), FilePath(scratch.file("missing"))]
    for outcome in devices.map(InProcessProber.probe) {
      #expect(
        WorkerProcess.write(ProbeLine.encoded(outcome) + [0x0A], to: pipe.fileHandleForWriting.fileDescriptor))
    }
    try pipe.fileHandleForWriting.close()
    let lines = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile()).split(separator: 0x0A)
    let answers = zip(lines, devices).map { ProbeLine.outcome(of: $0, device: $1) }
    #expect(answers == InProcessProber().probe(devices))
  }
}
