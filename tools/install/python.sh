# shellcheck shell=bash
# The two private Python environments. Each is built beside its place and renamed when it is complete,
# so an interrupted installation never leaves half an environment under the real name. A complete one
# says in .pins what it was made from; when the pins change, a copy by hard links (a second, no space)
# is brought up to date and exchanged.

PYTHON_MINIMUM=11 # 3.11: the pinned NumPy has no wheel for less

python_is_new_enough() {
	"$1" -c "import sys; sys.exit(sys.version_info < (3, $PYTHON_MINIMUM))" 2>/dev/null
}

# The system's own Python first: it is what apt gives a venv module to, and it does not move.
find_python() {
	local candidate
	for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
		candidate=$(command -v "$candidate") || continue
		python_is_new_enough "$candidate" || continue
		echo "$candidate"
		return
	done
}

require_python() {
	[ -n "$(find_python)" ] || fail "Python 3.$PYTHON_MINIMUM or newer is needed; $(python3 --version 2>/dev/null || echo 'no python3') is what I find." \
		"Install a newer python3 (Debian 12 has 3.11) and run this again."
}

# What an environment is made from, as one number. Comments do not count.
pins_of() {
	{ sed 's/[[:space:]]*#.*//; /^$/d' "$@" "$TOP/python/constraints.txt"; "$(find_python)" --version; } |
		sha256sum | cut -c1-32
}

runtime_pins() { pins_of "$TOP/python/requirements.txt"; }
test_pins() { pins_of "$TOP/python/requirements.txt" "$TOP/python/requirements-test.txt"; }

# environment_is_current NAME PINS
environment_is_current() {
	[ -x "$LIB/$1/bin/python" ] && [ "$(cat "$LIB/$1/.pins" 2>/dev/null)" = "$2" ]
}

start_environment() {
	local place=$1
	rm -rf "$place.new" "$place.old"
	if [ -f "$place/.pins" ] && python_is_new_enough "$place/bin/python" &&
		[ "$("$place/bin/python" --version)" = "$("$(find_python)" --version)" ]; then
		cp -al "$place" "$place.new"
		rm -f "$place.new/.pins"
	else
		"$(find_python)" -m venv --prompt splice-kernel "$place.new"
	fi
}

# Temporary files go beside the environment: PySpark's source archive needs over a gigabyte of them,
# and /tmp is often a small memory disk.
pip_install() {
	local place=$1
	shift
	TMPDIR=$LIB/tmp PIP_DISABLE_PIP_VERSION_CHECK=1 "$place.new/bin/python" -m pip install \
		--progress-bar off --no-input -c "$TOP/python/constraints.txt" "$@"
}

# Scripts name their interpreter by its whole path: make it the final one.
finish_environment() {
	local place=$1 pins=$2 from to
	from=$(printf '%s' "$place.new" | sed 's/[][\\.*^$|]/\\&/g')
	to=$(printf '%s' "$place" | sed 's/[\\&|]/\\&/g')
	{ grep -lIrF -- "$place.new" "$place.new/bin" "$place.new/pyvenv.cfg" "$place.new/share/jupyter/kernels" || true; } |
		tr '\n' '\0' | xargs -0 -r sed -i "s|$from|$to|g"
	echo "$pins" >"$place.new/.pins"
	[ ! -d "$place" ] || mv "$place" "$place.old"
	mv "$place.new" "$place"
	rm -rf "$place.old" "$LIB/tmp"
}

build_runtime() {
	local place=$LIB/python
	set -e
	mkdir -p "$LIB/tmp"
	start_environment "$place"
	pip_install "$place" pip setuptools wheel
	# PySpark is the only source archive; built by the pinned setuptools, not by whatever is newest.
	pip_install "$place" --no-build-isolation -r "$TOP/python/requirements.txt"
	"$place.new/bin/python" -m pip check
	"$place.new/bin/python" -c 'import pyspark.sql, pandas, pyarrow, mlflow.version, ipykernel.kernelapp, nbclient, nbconvert'
	finish_environment "$place" "$1"
}

site_packages() {
	"$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

build_test() {
	local place=$LIB/python-test
	set -e
	mkdir -p "$LIB/tmp"
	start_environment "$place"
	pip_install "$place" pip setuptools wheel
	# Seeing the runtime's packages by this file saves a gigabyte of copies.
	site_packages "$LIB/python" >"$(site_packages "$place.new")/splice-runtime.pth"
	pip_install "$place" --no-build-isolation -r "$TOP/python/requirements-test.txt"
	"$place.new/bin/python" -m pip check
	borrow_from_runtime "$LIB/python" "$place.new"
	finish_environment "$place" "$1"
}

# A package found through the .pth file brings its modules, but not its commands and data files.
borrow_from_runtime() {
	local runtime=$1 place=$2 file target
	for file in "$runtime"/bin/*; do
		target=$place/bin/$(basename "$file")
		if [ -e "$target" ] || [ -L "$file" ] || ! head -n 2 "$file" | grep -qaF -- "$runtime/bin/python"; then
			continue
		fi
		awk -v from="$runtime/bin/python" -v to="$place/bin/python" '
			NR <= 2 { at = index($0, from); if (at) $0 = substr($0, 1, at - 1) to substr($0, at + length(from)) }
			{ print }' "$file" >"$target"
		chmod 755 "$target"
	done
	for file in kernels nbconvert nbextensions labextensions/@jupyter-widgets labextensions/jupyterlab_pygments; do
		target=$place/share/jupyter/$file
		if [ -e "$target" ] || [ ! -e "$runtime/share/jupyter/$file" ]; then
			continue
		fi
		mkdir -p "$(dirname "$target")"
		ln -s "$runtime/share/jupyter/$file" "$target"
	done
}

# install_environment NAME LABEL PINS COMMAND
install_environment() {
	local name=$1 label=$2 pins=$3 command=$4 first
	environment_is_current "$name" "$pins" && return
	first=$(($(wc -l <"$LOG") + 1))
	run_step "$label" "$LIB" "$command" "$pins"
	[ "$STEP_STATUS" -eq 0 ] || step_failed "Installing the Python packages" "$first"
}
