#compdef tailrace
_tailrace() {
	if (( CURRENT == 2 )); then
		local -a names=(
			'demo:send spans through the whole pipeline to a collector in this process'
			'send:send spans from files to an endpoint'
			'verify:check an endpoint, step by step, and say what to do'
			'completion:print what makes a shell complete the words of tailrace'
			'version:say which version this is'
			'help:say what there is'
		)
		_describe command names
		return
	fi
	local command=$words[2]
	shift words
	(( CURRENT-- ))
	case $command in
	demo)
		_arguments \
			'--drain=[how long to wait for spans in flight at the end]:duration: ' \
			'--duration=[how long to make spans, such as 5s]:5s: ' \
			'--endpoint=[send to this URL instead]:URL: ' \
			'--json[print the final ledger to stdout, as one line of JSON, and all else to stderr]' \
			'--producers=[goroutines that make spans]:int: ' \
			'--rate=[spans made in a second]:int: ' \
			'--token=[access token for the endpoint]:string: '
		;;
	send)
		_arguments \
			'--allow-insecure[let the token go over plain http to other machines]' \
			'--batch=[spans in a request, at most]:spans: ' \
			'--compression=[of requests  auto, gzip, zstd or none]:string: ' \
			'--concurrency=[requests at once]:requests: ' \
			'--dry-run[read and check everything, and send nothing]' \
			'--endpoint=[URL of the endpoint  an origin such as https //host, or all of it, ending in /spans/publish]:URL: ' \
			'--from=[pass over this number of records at the beginning, as an interrupted run says]:number: ' \
			'--give-up-after=[how long the endpoint may be down before this ends]:duration: ' \
			'--json[print the final ledger to stdout, as one line of JSON]' \
			'--max-body=[bytes of a request before compression, at most]:bytes: ' \
			'--project=[id of the project, for the path below an origin]:id: ' \
			'--quiet[show no progress and no summary, only problems]' \
			'--rate=[spans sent in a second]:int: ' \
			'--repeat=[send everything so many times]:times: ' \
			'--seed=[of the ids that --repeat makes, to go on with an interrupted run]:uint: ' \
			'--strict[end at the first record that is bad]' \
			'--token=[access token]:string: ' \
			'--token-file=[read the access token from this file]:file:_files' \
			'--wire=[generation of the records  0 for Mastra 0.x, and then --endpoint is the whole URL, or 1]:int: ' \
			'*:file:_files'
		;;
	verify)
		_arguments \
			'--allow-insecure[let the token go over plain http to other machines]' \
			'--endpoint=[URL of the endpoint  an origin such as https //host, or all of it, ending in /spans/publish]:URL: ' \
			'--json[print the report as one line of JSON]' \
			'--project=[id of the project, for the path below an origin]:id: ' \
			'--timeout=[how long each step may take]:duration: ' \
			'--token=[access token]:string: ' \
			'--token-file=[read the access token from this file]:file:_files' \
			'--wire=[generation of the records  0 for Mastra 0.x, and then --endpoint is the whole URL, or 1]:int: '
		;;
	completion)
		_arguments \
			'1:word:(bash zsh fish)'
		;;
	version)
		_arguments
		;;
	help) _values command demo send verify completion version help ;;
	esac
}
compdef _tailrace tailrace
