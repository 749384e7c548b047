# shellcheck shell=bash
# System packages: which are missing, and getting them by apt.

# The Java on the path, as a number: 17 for both "17.0.15" and "17-ea"; 8 for "1.8.0".
java_version() {
	local version
	command -v java >/dev/null || { echo 0; return; }
	version=$(java -version 2>&1 | sed -nE 's/.* version "(1\.)?([0-9]+).*/\2/p' | head -1)
	echo "${version:-0}"
}

is_installed() {
	dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# package_is_there NAME CHECK
package_is_there() {
	local what=${2#*:}
	case $2 in
	cmd:*) command -v "$what" >/dev/null ;;
	pc:*) pkg-config --exists "$what" 2>/dev/null || is_installed "$1" ;;
	java:*) [ "$(java_version)" -ge "$what" ] ;;
	py:*) [ -n "$(find_python)" ] && "$(find_python)" -c "import $what" 2>/dev/null ;;
	file:*) [ -e "$what" ] ;;
	dpkg:*) ! command -v dpkg-query >/dev/null || is_installed "$1" ;;
	*) fail "tools/install/packages: unknown check '$2'" ;;
	esac
}

# missing_packages FILE…: one name a line.
missing_packages() {
	local name check
	while read -r name check; do
		case $name in '' | '#'*) continue ;; esac
		package_is_there "$name" "$check" || echo "$name"
	done < <(cat "$@")
}

distribution() {
	# shellcheck source=/dev/null
	(. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-unknown}") || echo unknown
}

# How to become root: nothing when we are, "sudo" when it would work, else 1.
root_command() {
	if [ "$(id -u)" -eq 0 ]; then
		return 0
	fi
	command -v sudo >/dev/null || return 1
	if sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 1 ]; }; then
		echo sudo
		return 0
	fi
	return 1
}

apt_install() {
	local root=$1
	shift
	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=600)
	[ -z "$root" ] || apt=("$root" "${apt[@]}")
	# A fresh machine has no package lists, an old one has stale ones: refresh only when needed.
	if ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 &&
		"${apt[@]}" --no-install-recommends install "$@"; then
		return 0
	fi
	"${apt[@]}" update && "${apt[@]}" --no-install-recommends install "$@"
}

# Ends with the list of what to install when we cannot do it ourselves.
require_package_rights() {
	local names=$1
	command -v apt-get >/dev/null ||
		fail "this is $(distribution), where I cannot install packages." \
			"Install what these are called on Debian, then run this again:" "$names"
	root_command >/dev/null || fail "these system packages are missing, and installing them needs root. Have this run:" \
		"apt-get install --no-install-recommends $names" "then run this again."
}

# install_packages FILE…: what the lists name and is not there.
install_packages() {
	local missing root first
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	root=$(root_command) || true
	[ -z "$root" ] || sudo -v || fail "sudo did not let me in. As root:" "apt-get install --no-install-recommends ${missing//$'\n'/ }"
	first=$(($(wc -l <"$LOG") + 1))
	# shellcheck disable=SC2086 # one name a line, to be one name a word
	run_step "System packages" /var/cache/apt/archives apt_install "$root" $missing
	[ "$STEP_STATUS" -eq 0 ] || step_failed "Installing system packages" "$first"
	missing=$(missing_packages "$@")
	[ -z "$missing" ] || fail "apt finished, but this is still missing: ${missing//$'\n'/ }" "The whole output is in $LOG"
}
