_tailrace() {
	local word=${COMP_WORDS[COMP_CWORD]} words=
	if [[ $COMP_CWORD -eq 1 ]]; then
		words="serve project token demo send spool verify completion version help"
	else
		case "${COMP_WORDS[1]}:$word" in
		serve:-*) words="--addr --behind-proxy --config --data --drain --grace --host --log-format --log-level --max-connections --max-in-flight-bytes --memory --no-first-tokens --retention --retention-bytes --sync --tls-cert --tls-key --token-rate --url" ;;
		project:-*) words="--allow-insecure --data --json --server --token --token-file --yes" ;;
		project:*) words="create list delete" ;;
		token:-*) words="--all-projects --allow-insecure --data --expires --json --label --project --scope --server --token --token-file" ;;
		token:*) words="create list revoke" ;;
		demo:-*) words="--addr --data --drain --duration --endpoint --json --producers --rate --token" ;;
		send:-*) words="--allow-insecure --batch --compression --concurrency --dry-run --endpoint --from --give-up-after --json --max-body --project --quiet --rate --repeat --seed --strict --token --token-file --wire" ;;
		spool:-*) words="--allow-insecure --concurrency --dead --endpoint --give-up-after --json --older --project --quarantine --quiet --token --token-file --wire --yes" ;;
		spool:*) words="ls stat replay drop" ;;
		verify:-*) words="--allow-insecure --endpoint --json --project --timeout --token --token-file --wire" ;;
		completion:-*) words="" ;;
		completion:*) words="bash zsh fish" ;;
		version:-*) words="" ;;
		help:*) words="serve project token demo send spool verify completion version help" ;;
		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _tailrace tailrace
