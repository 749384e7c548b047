# shellcheck shell=bash
# What install.sh shows: plain lines, one live line while something long runs, and errors that say what to do.
# LOG is set by install.sh; everything the called programs print goes there.

STEP_PID=

say() {
	printf '%s\n' "$*"
}

# fail TEXT [HINT…]: the end, with the reason and what to do about it.
fail() {
	printf 'install.sh: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit 1
}

elapsed() {
	local seconds=$1
	if [ "$seconds" -ge 60 ]; then
		printf '%d min %02d s' $((seconds / 60)) $((seconds % 60))
	else
		printf '%d s' "$seconds"
	fi
}

megabytes_of() {
	local size
	size=$(du -sm "$@" 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }')
	printf '%d' "$size"
}

# The last thing the program said, short enough for one line.
last_words() {
	tail -n +"$1" "$LOG" 2>/dev/null | tr '\r' '\n' |
		grep -E '^ *(Collecting|Downloading|Building|Preparing|Installing|Successfully|Get:|Unpacking|Setting up|  (CC|LD) )' |
		tail -1 | sed -E 's/^ +//; s/\(from .*//; s/^(Installing collected packages).*/\1/' | cut -c1-40
}

# run_step LABEL FOLDER COMMAND…: run it in the background, its output in the log, and show how long it
# has taken and how much FOLDER holds: a live line on a terminal, else a line every ten seconds.
# The command's status is left in STEP_STATUS and not returned: a caller that tested it ("run_step … ||")
# would switch off `set -e` inside the command.
run_step() {
	local label=$1 folder=$2 first
	shift 2
	first=$(($(wc -l <"$LOG") + 1))
	set -m # a process group of its own, so that stopping reaches what it started
	("$@") >>"$LOG" 2>&1 </dev/null &
	STEP_PID=$!
	set +m
	watch_step "$label" "$folder" "$first"
	STEP_STATUS=0
	# shellcheck disable=SC2034 # read by whoever called run_step
	wait "$STEP_PID" || STEP_STATUS=$?
	STEP_PID=
}

watch_step() {
	local label=$1 folder=$2 first=$3 start=$SECONDS shown=$SECONDS size=0 turn=0
	while kill -0 "$STEP_PID" 2>/dev/null; do
		sleep 0.2
		turn=$((turn + 1))
		[ $((turn % 25)) -ne 1 ] || size=$(megabytes_of "$folder")
		if [ -t 1 ]; then
			[ $((turn % 5)) -ne 0 ] || printf '\r\033[K  %s: %s, %d MB  %s' "$label" \
				"$(elapsed $((SECONDS - start)))" "$size" "$(last_words "$first")"
		elif [ $((SECONDS - shown)) -ge 10 ]; then
			shown=$SECONDS
			say "  $label: $(elapsed $((SECONDS - start))), $size MB  $(last_words "$first")"
		fi
	done
	[ ! -t 1 ] || printf '\r\033[K'
	say "  $label: $(elapsed $((SECONDS - start)))"
}

stop_step() {
	[ -n "$STEP_PID" ] || return 0
	kill -TERM -- "-$STEP_PID" 2>/dev/null || true
	wait "$STEP_PID" 2>/dev/null || true
	STEP_PID=
}

# step_failed WHAT FIRST_LINE: say why, from what the program wrote into the log since that line.
step_failed() {
	local what=$1 words
	words=$(tail -n +"$2" "$LOG")
	case $words in
	*"No space left on device"*)
		fail "$what failed: the disk is full." "Make room below $PREFIX (or choose another --prefix) and run this again." ;;
	*"PKIX path building failed"* | *"CERTIFICATE_VERIFY_FAILED"*)
		fail "$what failed: the registry's certificate is not trusted, as behind a proxy that looks into connections." \
			"Add the proxy's certificate to the system's (on Debian: /usr/local/share/ca-certificates, then" \
			"update-ca-certificates) and run this again." "The whole output is in $LOG" ;;
	*"Temporary failure in name resolution"* | *"Name or service not known"* | *"Temporary failure resolving"* | \
		*"Network is unreachable"* | *"NewConnectionError"* | *"UnknownHostException"* | *"Connection refused"* | \
		*"ConnectTimeout"* | *"Connect timed out"* | *"Read timed out"* | *"Cannot connect to proxy"* | *"Unknown host"* | \
		*"Could not resolve"* | *"nodename nor servname"*)
		fail "$what failed: no network, or the package registry does not answer." \
			"Check the connection (and the proxy settings) and run this again: what is done is not repeated." \
			"The whole output is in $LOG" ;;
	esac
	printf '%s\n' "$words" | grep -v '^ *$\|already satisfied' | tail -15 | sed 's/^/  | /' >&2
	fail "$what failed; the lines above are the last it said." "The whole output is in $LOG"
}
