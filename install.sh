#!/usr/bin/env bash
# Install splice-kernel: system packages, a private Python environment, Java archives, the programs and
# the kernelspec. What is there already is not touched, so running it again takes seconds.
set -euo pipefail
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET # they would lead pip out of the private environments

usage() {
	cat <<'EOF'
usage: ./install.sh [--demo | --test | --uninstall] [--user | --prefix DIR | --sys-prefix] [--yes]

  (no option)     install what is missing
  --demo          install what is missing, then run the fraud project in examples/fraud.ipynb
  --test          install what is missing, and what tests need, then run `make test`
  --uninstall     remove what was installed; your database, runs, buckets and settings stay
  --user          into ~/.local, for you alone (the default)
  --prefix DIR    below DIR
  --sys-prefix    into the Python environment that is active (conda, venv)
  --yes           uninstall without asking
  --help          this text

It needs about 5 GB of disk while it works and keeps 1.6 GB (2.1 GB with --test). On Debian and Ubuntu
it installs system packages by apt if you are root or may use sudo; else it lists what is missing.
EOF
}

MODE=install
YES=''
PREFIX=${HOME:-/root}/.local
KERNELSPEC_DIR=${XDG_DATA_HOME:-${HOME:-/root}/.local/share}/jupyter/kernels/splice

parse_arguments() {
	while [ $# -gt 0 ]; do
		case $1 in
		--demo | --test | --uninstall) MODE=${1#--} ;;
		--user) ;;
		--prefix)
			[ -n "${2:-}" ] || { usage >&2; exit 2; }
			set_prefix "$2"
			shift
			;;
		--prefix=?*) set_prefix "${1#--prefix=}" ;;
		--sys-prefix) set_prefix "$(active_python_prefix)" ;;
		--yes | -y)
			# shellcheck disable=SC2034 # read in tools/install/remove.sh
			YES=1
			;;
		--help | -h) usage; exit 0 ;;
		*) printf 'install.sh: unknown option %s\n' "$1" >&2; usage >&2; exit 2 ;;
		esac
		shift
	done
}

active_python_prefix() {
	python3 -c 'import sys; print(sys.prefix)' 2>/dev/null ||
		python -c 'import sys; print(sys.prefix)' 2>/dev/null || true
}

set_prefix() {
	[ -n "$1" ] || { printf 'install.sh: there is no active Python for --sys-prefix\n' >&2; exit 1; }
	case $1 in
	/*) PREFIX=${1%/} ;;
	*) PREFIX=$PWD/${1%/} ;;
	esac
	KERNELSPEC_DIR=$PREFIX/share/jupyter/kernels/splice
}

# The nearest folder above that exists, for asking the file system about it.
existing_folder() {
	local path=$1
	while [ ! -d "$path" ]; do path=$(dirname "$path"); done
	printf '%s' "$path"
}

# --- what has to be done -----------------------------------------------------

PACKAGE_FILES=()
MISSING_PACKAGES=
NEED_RUNTIME=
NEED_TEST=
NEED_JARS=
NEED_MEGABYTES=0

plan() {
	PACKAGE_FILES=("$TOP/tools/install/packages.txt")
	[ "$MODE" != test ] || PACKAGE_FILES+=("$TOP/tools/install/packages-test.txt")
	MISSING_PACKAGES=$(missing_packages "${PACKAGE_FILES[@]}" | tr '\n' ' ')
	if ! command -v python3 >/dev/null || ! environment_is_current python "$(runtime_pins)"; then
		NEED_RUNTIME="a private Python environment: 1.5 GB on disk, 0.8 GB to fetch, one to five minutes"
		[ ! -f "$LIB/python/.pins" ] || NEED_RUNTIME="other versions in the private Python environment"
		NEED_MEGABYTES=$((NEED_MEGABYTES + 4500))
	fi
	if [ "$MODE" = test ] && { [ -n "$NEED_RUNTIME" ] || ! environment_is_current python-test "$(test_pins)"; }; then
		NEED_TEST="one more for tests: 0.4 GB, half a minute"
		NEED_MEGABYTES=$((NEED_MEGABYTES + 600))
	fi
	jars_are_current || { NEED_JARS=1; NEED_MEGABYTES=$((NEED_MEGABYTES + 100)); }
}

show_plan() {
	if [ -z "$MISSING_PACKAGES$NEED_RUNTIME$NEED_TEST$NEED_JARS" ]; then
		say "splice-kernel in $PREFIX: packages, Python and Java archives are there."
		return
	fi
	say "Installing splice-kernel into $PREFIX. Missing:"
	[ -z "$MISSING_PACKAGES" ] || printf '%s\n' "$MISSING_PACKAGES" | fold -s -w 88 |
		sed '1s/^/  system packages: /; 2,$s/^/                   /'
	[ -z "$NEED_RUNTIME" ] || say "  $NEED_RUNTIME"
	[ -z "$NEED_TEST" ] || say "  $NEED_TEST"
	[ -z "$NEED_JARS" ] || say "  Java archives of Derby and of Spark's S3 access: 20 MB"
}

require_place() {
	local folder free
	folder=$(existing_folder "$LIB")
	[ -w "$folder" ] || fail "I may not write to $folder." "Choose a folder of yours by --prefix DIR, or run this as its owner."
	free=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$NEED_MEGABYTES" ] ||
		fail "the disk of $folder has $free MB free; installing needs $NEED_MEGABYTES MB for a while." \
			"Make room, or choose another disk by --prefix DIR."
}

# --- doing it ----------------------------------------------------------------

# One installation at a time. Programs started here inherit the lock: while a pip that outlived its
# killed installer still writes, the next installer waits for it.
take_lock() {
	local part
	DESTDIR='' make_folder "$LIB"
	exec 9>"$LIB/.lock"
	if ! flock -n 9; then
		say "Another installation into $PREFIX is running; waiting for it."
		flock 9
	fi
	LOG=$LIB/install.log
	: >"$LOG"
	for part in .lock install.log tmp python python.new python.old python-test python-test.new \
		python-test.old jars jars.new jars.old; do
		DESTDIR='' manifest_add T "$LIB/$part"
	done
}

release_lock() {
	exec 9>&-
}

interrupted() {
	trap - INT TERM HUP
	[ ! -t 1 ] || printf '\n'
	stop_step
	say "Interrupted. Run this again to go on: what is complete is kept." >&2
	exit 130
}

build_and_copy() {
	make -s -C "$TOP" -j"$(nproc)" all
	KERNELSPEC_DIR=$KERNELSPEC_DIR make -s -C "$TOP" install PREFIX="$PREFIX"
}

install_programs() {
	local first
	first=$(($(wc -l <"$LOG") + 1))
	run_step "Programs" "$TOP/build" build_and_copy
	[ "$STEP_STATUS" -eq 0 ] || step_failed "Building the programs" "$first"
}

install_all() {
	if command -v python3 >/dev/null; then require_python; fi
	plan
	show_plan
	# Everything that can be refused is refused before anything is made.
	require_place
	[ -z "$MISSING_PACKAGES" ] || require_package_rights "$MISSING_PACKAGES"
	take_lock
	install_packages "${PACKAGE_FILES[@]}"
	require_python
	install_environment python "Python environment" "$(runtime_pins)" build_runtime
	[ "$MODE" != test ] || install_environment python-test "Python environment for tests" "$(test_pins)" build_test
	install_jars
	install_programs
	release_lock
}

show_result() {
	say "Installed: $PREFIX/bin/splice-kernel, kernelspec \"splice\" in $KERNELSPEC_DIR"
	case ":$PATH:" in
	*":$PREFIX/bin:"*) ;;
	*) say "To have splice-manager at hand: export PATH=\"$PREFIX/bin:\$PATH\"" ;;
	esac
	say "Try it: ./install.sh --demo, or in any Jupyter: the kernel \"Splice ML (SQL + PySpark)\""
}

run_demo() {
	local demo=$PREFIX/share/splice-kernel/examples/demo.py
	export JUPYTER_PATH=${KERNELSPEC_DIR%/kernels/splice}${JUPYTER_PATH:+:$JUPYTER_PATH}
	exec "$LIB/python/bin/python" "$demo" --manager "$PREFIX/bin/splice-manager"
}

run_tests() {
	export SPLICE_LIB_DIR=$LIB
	exec make -C "$TOP" test
}

parse_arguments "$@"
LIB=$PREFIX/lib/splice-kernel
LOG=/dev/null
for part in say manifest packages python jars remove; do
	# shellcheck source=/dev/null
	. "$TOP/tools/install/$part.sh"
done
[ "$(uname -s)" = Linux ] || fail "splice-kernel runs on Linux; this is $(uname -s)."
if [ "$MODE" = uninstall ]; then
	uninstall
	exit 0
fi
trap interrupted INT TERM HUP
install_all
case $MODE in
demo) run_demo ;;
test) run_tests ;;
*) show_result ;;
esac
