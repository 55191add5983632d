import ArgumentParser

/// What a shell reads to complete the command line: the parser's own script, and what that leaves out.
///
/// It knows neither `--option=value` in bash and zsh nor the commands that `help` explains.
enum CompletionScript {
  static func text(for shell: CompletionsCommand.Shell) -> String {
    let script = HeadroomCommand.completionScript(for: shell.completionShell)
    switch shell {
    case .bash: return script + "\n" + bash
    case .zsh: return zsh(script)
    case .fish: return script + "\n" + fish
    }
  }

  private static var commands: String {
    HeadroomCommand.configuration.subcommands.filter { $0.configuration.shouldDisplay }
      .map { $0._commandName }.joined(separator: " ")
  }

  /// readline ends a word at `=`, so that `--format=js` comes as three; the script knows them as two.
  private static var bash: String {
    """
    _headroom_help() {
        COMPREPLY+=($(compgen -W '\(commands)' -- "${cur}"))
    }

    _headroom_spaced() {
        local -a words=()
        local -i index at=0
        for index in "${!COMP_WORDS[@]}"; do
            if [[ "${index}" -gt 0 && "${COMP_WORDS[index]}" = '=' && "${COMP_WORDS[index - 1]}" = --* ]]; then
                [[ "${index}" -eq "${COMP_CWORD}" ]] && words+=('')
            else
                words+=("${COMP_WORDS[index]}")
            fi
            [[ "${index}" -eq "${COMP_CWORD}" ]] && at="$((${#words[@]} - 1))"
        done
        local -a COMP_WORDS=("${words[@]}")
        local -i COMP_CWORD="${at}"
        _headroom "${1}" "${words[at]}" "${words[at - 1]}"
    }

    complete -o filenames -F _headroom_spaced headroom
    """
  }

  /// For `_arguments`, an option that is written `--name=` takes its value behind a space or the sign.
  private static func zsh(_ script: String) -> String {
    script.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      if line.hasSuffix("'*:subcommands:'") { return String(line.dropLast()) + "(\(commands))'" }
      guard let names = line.firstIndex(of: "["), line.contains("]:"), line.contains("--") else { return String(line) }
      let spec = line[..<names].replacing(/--[a-z-]+(?=[,}\[]|$|'\[)/) { "\($0.output)=" }
      return String(spec) + line[names...]
    }.joined(separator: "\n")
  }

  private static var fish: String {
    """
    complete -c headroom -n 'string match -q help -- (commandline -opc)[2]' -fa '\(commands)'
    """
  }
}
