import Foundation

/// A program that is running. One that nobody waited for is killed with its process group when this goes away.
///
/// Until ``finish(timeout:)`` nobody reads what it writes, so it stands still after 64 KiB.
public final class RunningCommand {
  public let processID: pid_t
  private let command: String
  private let started = ContinuousClock.now
  private var output: Stream
  private var errorOutput: Stream
  private var status: Int32?

  /// The read end of a pipe and what came out of it so far.
  private struct Stream {
    var file: Int32
    var bytes: [UInt8] = []

    mutating func close() {
      guard file >= 0 else { return }
      Foundation.close(file)
      file = -1
    }

    /// Takes what is there without waiting.
    mutating func drain() {
      var buffer = [UInt8](repeating: 0, count: 65536)
      while file >= 0 {
        let count = read(file, &buffer, buffer.count)
        if count > 0 {
          bytes.append(contentsOf: buffer[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
          close()
        } else if errno == EAGAIN {
          return
        }
      }
    }
  }

  init(words: [String], environment: [String: String], input: [UInt8]?) throws {
    command = words.joined(separator: " ")
    let stdin = try Self.inputFile(input)
    defer { close(stdin) }
    let (outputRead, outputWrite) = try SystemCalls.pipe()
    defer { close(outputWrite) }
    output = Stream(file: outputRead)
    let errorPipe: (read: Int32, write: Int32)
    do {
      errorPipe = try SystemCalls.pipe()
    } catch {
      close(outputRead)
      throw error
    }
    defer { close(errorPipe.write) }
    errorOutput = Stream(file: errorPipe.read)
    for file in [outputRead, errorPipe.read] { _ = fcntl(file, F_SETFL, O_NONBLOCK) }
    do {
      processID = try Self.spawn(
        words, environment: environment, stdin: stdin, stdout: outputWrite, stderr: errorPipe.write)
    } catch {
      close(outputRead)
      close(errorPipe.read)
      throw error
    }
  }

  deinit {
    if status == nil {
      kill(-processID, SIGKILL)
      var ignored: Int32 = 0
      while waitpid(processID, &ignored, 0) < 0 && errno == EINTR {}
    }
    output.close()
    errorOutput.close()
  }

  public var isRunning: Bool {
    reap()
    return status == nil
  }

  /// What it has written to stdout until now.
  public var outputSoFar: [UInt8] {
    output.drain()
    return output.bytes
  }

  public var errorsSoFar: [UInt8] {
    errorOutput.drain()
    return errorOutput.bytes
  }

  /// Sends it a signal; to its children as well with `wholeGroup`, as a terminal does on Ctrl-C.
  public func signal(_ number: Int32, wholeGroup: Bool = false) {
    guard isRunning else { return }
    kill(wholeGroup ? -processID : processID, number)
  }

  /// Waits for its end and reads both pipes meanwhile.
  ///
  /// The end is that of the process, not of its pipes: a server it left in the background may hold those for ever.
  public func finish(timeout: Duration = .seconds(120)) throws -> Command.Result {
    let deadline = ContinuousClock.now + timeout
    while true {
      // In this order: what it wrote before it ended is in the pipes by the time it is seen to have ended.
      reap()
      output.drain()
      errorOutput.drain()
      if let status {
        let elapsed = ContinuousClock.now - started
        return Command.Result(
          command: command, status: status, output: output.bytes, errorOutput: errorOutput.bytes, elapsed: elapsed)
      }
      if ContinuousClock.now >= deadline {
        kill(-processID, SIGKILL)
        throw Command.Failure(
          description: """
            '\(command)' was killed: not done after \(timeout)
            --- stdout ---
            \(String(decoding: output.bytes, as: UTF8.self))
            --- stderr ---
            \(String(decoding: errorOutput.bytes, as: UTF8.self))
            """)
      }
      waitForNews()
    }
  }

  private func waitForNews() {
    var waiting = [output.file, errorOutput.file].filter { $0 >= 0 }.map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    // Nothing wakes us when a process ends whose pipes somebody else holds, or are closed already: look again soon.
    _ = poll(&waiting, nfds_t(waiting.count), waiting.isEmpty ? 1 : 10)
  }

  private func reap() {
    guard status == nil else { return }
    var raw: Int32 = 0
    guard waitpid(processID, &raw, WNOHANG) == processID else { return }
    let signal = raw & 0x7f
    status = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
  }

  /// A file rather than a pipe: a program that reads none of it cannot kill us with SIGPIPE or keep us waiting.
  private static func inputFile(_ input: [UInt8]?) throws -> Int32 {
    guard let input else {
      let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
      guard null >= 0 else { throw SystemCallFailure("open", "/dev/null") }
      return null
    }
    guard let temporary = tmpfile() else { throw SystemCallFailure("tmpfile", "the input of a command") }
    defer { fclose(temporary) }
    let file = fcntl(fileno(temporary), F_DUPFD_CLOEXEC, 3)
    guard file >= 0 else { throw SystemCallFailure("dup", "the input of a command") }
    var done = 0
    while done < input.count {
      let count = input.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: done), input.count - done) }
      guard count > 0 else {
        close(file)
        throw SystemCallFailure("write", "the input of a command")
      }
      done += count
    }
    lseek(file, 0, SEEK_SET)
    return file
  }

  private static func spawn(
    _ words: [String], environment: [String: String], stdin: Int32, stdout: Int32, stderr: Int32
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, file) in [stdin, stdout, stderr].enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file, Int32(number))
    }
    // Files that other tests have open at this moment, by calls that do not close them on exec, would keep their
    // filesystems mounted for as long as this command runs (glibc 2.34).
    _ = closeFrom(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A process group of its own, to kill it with all its children; signals as a shell would hand them on.
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)

    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + settings { free(pointer) } }
    var identifier: pid_t = 0
    let code = posix_spawn(&identifier, words[0], &actions, &attributes, &arguments, &settings)
    guard code == 0 else { throw SystemCallFailure("start", "'\(words[0])'", code: code) }
    return identifier
  }
}

/// posix_spawn_file_actions_addclosefrom_np(3), which Glibc's module hides behind _GNU_SOURCE.
@_silgen_name("posix_spawn_file_actions_addclosefrom_np")
private func closeFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: Int32) -> Int32
