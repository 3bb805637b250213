/** Bash asks `pouch __complete` for the words; a colon in an image's name must not split them. */
export const BASH_COMPLETION = `# bash completion for pouch: source it, or put it in /usr/share/bash-completion/completions/pouch
_pouch() {
  local current words line
  local -a candidates=()
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cword
    _get_comp_words_by_ref -n =: -w words -i cword
    current="\${words[cword]}"
    words=("\${words[@]:1:cword}")
  else
    current="\${COMP_WORDS[COMP_CWORD]}"
    words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  fi
  while IFS= read -r line; do
    case "$line" in
      :files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
      :directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
      *) candidates+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete "\${words[@]}" 2>/dev/null)
  COMPREPLY=("\${candidates[@]}")
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$current"; fi
}
complete -F _pouch pouch
`;

export const ZSH_COMPLETION = `#compdef pouch
# zsh completion for pouch: put it in a directory of your $fpath, as _pouch
_pouch() {
  local line
  local -a candidates
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) _files; return ;;
      :directories) _files -/; return ;;
      *$'\\t'*) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) candidates+=("\${line//:/\\\\:}") ;;
    esac
  done
  _describe -V pouch candidates
}
if [ "$funcstack[1]" = "_pouch" ]; then _pouch "$@"; else compdef _pouch pouch; fi
`;
