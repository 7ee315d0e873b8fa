#compdef tailrace
_tailrace() {
	if (( CURRENT == 2 )); then
		local -a names=(
			'serve:run the trace server'
			'project:make, list and delete projects of the trace server'
			'token:make, list and revoke its tokens'
			'demo:send spans through the whole pipeline to a trace server in this process'
			'send:send spans from files to an endpoint'
			'spool:look into the spool of an exporter, send what is there, or remove it'
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
	serve)
		_arguments \
			'--addr=[host port to listen on]:host:port: ' \
			'--behind-proxy=[network of a proxy whose X-Forwarded-For and X-Forwarded-Proto are believed, such as 10.0.0.0/8]:network: ' \
			'--config=[file with these options]:file:_files' \
			'--data=[folder of the data]:folder:_files -/' \
			'--drain=[for requests in flight when it stops]:duration: ' \
			'--grace=[from the end of /readyz to the refusal of connections, for load balancers to notice]:duration: ' \
			'--host=[name under which the server may be reached, beside localhost and addresses]:name: ' \
			'--log-format=[of the log  text or json]:string: ' \
			'--log-level=[level of the log on stderr  debug, info, warn or error]:level: ' \
			'--max-connections=[number of connections at once]:number: ' \
			'--max-in-flight-bytes=[size of requests that are not on disk yet]:size: ' \
			'--memory=[size that the Go runtime aims to stay below, or unlimited]:size: ' \
			'--no-first-tokens[make and print nothing  no project, no tokens, no link for the first user]' \
			'--retention=[age after which traces go, such as 30d or 720h, or forever]:age: ' \
			'--retention-bytes=[size on disk of a project above which its oldest days go, such as 10GiB, or unlimited]:size: ' \
			'--sync=[what a commit survives  full, the loss of power too, or normal, a crash]:string: ' \
			'--tls-cert=[file with the certificate, PEM]:file:_files' \
			'--tls-key=[file with its key, PEM]:file:_files' \
			'--token-rate=[requests a second that each token is good for]:requests: ' \
			'--url=[URL of the server as others see it, for what it shows to copy]:URL: '
		;;
	project)
		_arguments \
			'--allow-insecure[let the token go over plain http to other machines]' \
			'--data=[the data folder]:folder:_files -/' \
			'--json[print JSON]' \
			'--server=[URL of a server, such as http //127.0.0.1 4318]:URL: ' \
			'--token=[token for --server]:string: ' \
			'--token-file=[read the token for --server from this file]:file:_files' \
			'--yes[delete indeed]' \
			'1:word:(create list delete)'
		;;
	token)
		_arguments \
			'--all-projects[in place of --project  a token for administration]' \
			'--allow-insecure[let the token go over plain http to other machines]' \
			'--data=[the data folder]:folder:_files -/' \
			'--expires=[how long a new token works, such as 720h]:duration: ' \
			'--json[print JSON]' \
			'--label=[of a new token, for people]:string: ' \
			'--project=[name or id of the project]:name: ' \
			'--scope=[of a new token  a list of ingest, read and admin]:list: ' \
			'--server=[URL of a server, such as http //127.0.0.1 4318]:URL: ' \
			'--token=[token for --server]:string: ' \
			'--token-file=[read the token for --server from this file]:file:_files' \
			'1:word:(create list revoke)'
		;;
	demo)
		_arguments \
			'--addr=[host port that the server listens on]:host:port: ' \
			'--data=[folder for the servers data]:folder:_files -/' \
			'--drain=[how long to wait for spans in flight at the end]:duration: ' \
			'--duration=[how long to make spans, such as 5s]:5s: ' \
			'--endpoint=[send to this URL instead]:URL: ' \
			'--json[print the final ledger to stdout, as one line of JSON, and all else to stderr]' \
			'--producers=[goroutines that make spans]:int: ' \
			'--rate=[spans made in a second beside the samples]:int: ' \
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
	spool)
		_arguments \
			'--allow-insecure[let the token go over plain http to other machines]' \
			'--concurrency=[replay  requests at once]:requests: ' \
			'--dead[replay  first take back what is dead]' \
			'--endpoint=[URL of the endpoint  an origin such as https //host, or all of it, ending in /spans/publish]:URL: ' \
			'--give-up-after=[replay  how long the endpoint may be down before this ends]:duration: ' \
			'--json[print JSON]' \
			'--older=[drop  only what was put so long ago, such as 24h]:duration: ' \
			'--project=[id of the project, for the path below an origin]:id: ' \
			'--quarantine[drop  only what is in quarantine]' \
			'--quiet[replay  show no progress and no summary, only problems]' \
			'--token=[access token]:string: ' \
			'--token-file=[read the access token from this file]:file:_files' \
			'--wire=[generation of the records  0 for Mastra 0.x, and then --endpoint is the whole URL, or 1]:int: ' \
			'--yes[drop indeed]' \
			'1:word:(ls stat replay drop)'
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
	help) _values command serve project token demo send spool verify completion version help ;;
	esac
}
compdef _tailrace tailrace
