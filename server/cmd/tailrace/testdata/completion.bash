_tailrace() {
	local word=${COMP_WORDS[COMP_CWORD]} words=
	if [[ $COMP_CWORD -eq 1 ]]; then
		words="demo send verify completion version help"
	else
		case "${COMP_WORDS[1]}:$word" in
		demo:-*) words="--drain --duration --endpoint --json --producers --rate --token" ;;
		send:-*) words="--allow-insecure --batch --compression --concurrency --dry-run --endpoint --from --give-up-after --json --max-body --project --quiet --rate --repeat --seed --strict --token --token-file --wire" ;;
		verify:-*) words="--allow-insecure --endpoint --json --project --timeout --token --token-file --wire" ;;
		completion:-*) words="" ;;
		completion:*) words="bash zsh fish" ;;
		version:-*) words="" ;;
		help:*) words="demo send verify completion version help" ;;
		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _tailrace tailrace
