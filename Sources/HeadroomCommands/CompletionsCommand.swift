import ArgumentParser

struct CompletionsCommand: ParsableCommand {
  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    var completionShell: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "completions", _superCommandName: ToolVersion.name,
    abstract: "Prints what makes a shell complete commands, options and their values.",
    usage: """
      source <(headroom completions bash)
      headroom completions zsh > ~/.zfunc/_headroom
      headroom completions fish > ~/.config/fish/completions/headroom.fish
      """,
    discussion: """
      For all users, where the system lets you write there: bash reads /usr/share/bash-completion/completions/headroom, \
      zsh /usr/share/zsh/vendor-completions/_headroom, fish /usr/share/fish/vendor_completions.d/headroom.fish. \
      ~/.zfunc has to be in zsh's fpath before compinit runs.
      """)

  @Argument(help: ArgumentHelp("The shell.", valueName: "shell"))
  var shell: Shell

  func run() throws {
    try Output.write(Array((CompletionScript.text(for: shell) + "\n").utf8))
  }
}
