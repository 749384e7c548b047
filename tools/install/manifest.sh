# shellcheck shell=bash
# The list of what an installation put on the disk, so that uninstalling removes that and nothing else.
# One line each, kind and path: f a file, t a folder that `make install` owns whole, T a file or folder
# that install.sh owns whole, d a folder that did not exist before (removed only when empty).
# DESTDIR, PREFIX and LIB are set by whoever sources this; paths are listed without DESTDIR.

manifest_path() {
	printf '%s' "$DESTDIR$LIB/manifest"
}

manifest_add() {
	local kind=$1 path=$2 manifest
	manifest=$(manifest_path)
	grep -qxF -- "$kind $path" "$manifest" 2>/dev/null || printf '%s %s\n' "$kind" "$path" >>"$manifest"
}

# Make a folder and its parents, and remember those that were not there.
make_folder() {
	local path=$1 missing=() at
	for ((at = 0; at < 64; at++)); do
		[ -d "$DESTDIR$path" ] && break
		missing=("$path" "${missing[@]}")
		path=$(dirname "$path")
	done
	[ ${#missing[@]} -eq 0 ] && return
	mkdir -p "$DESTDIR${missing[-1]}"
	# The manifest's own folder is made first of all, by this same function.
	for path in "${missing[@]}"; do
		[ -d "$DESTDIR$LIB" ] && manifest_add d "$path"
	done
}

# Only what lies where this program installs is ever removed, whatever a damaged manifest says.
manifest_path_is_ours() {
	local kind=$1 path=$2
	case $path in *"/../"* | *"/.." | [!/]*) return 1 ;; esac
	case $kind in
	t | T) case $path in "$LIB"/?*) return 0 ;; esac ;;
	f) case $path in "$PREFIX"/bin/splice-* | "$PREFIX"/share/splice-kernel/* | */kernels/splice/*) return 0 ;; esac ;;
	d) return 0 ;;
	esac
	return 1
}

# Remove the kinds named (a pattern such as "[ft]"), then the folders that are left empty.
manifest_remove() {
	local kinds=$1 manifest kind path left=()
	manifest=$(manifest_path)
	[ -f "$manifest" ] || return 0
	while read -r kind path; do
		manifest_path_is_ours "$kind" "$path" || continue
		# shellcheck disable=SC2053 # a pattern on purpose
		if [ "$kind" = d ] || [[ $kind != $kinds ]]; then
			left+=("$kind $path")
		else
			rm -rf -- "$DESTDIR$path"
		fi
	done <"$manifest"
	printf '%s\n' "${left[@]}" | grep . >"$manifest.new" || true
	mv -f "$manifest.new" "$manifest"
	manifest_remove_folders "$manifest"
}

manifest_remove_folders() {
	local manifest=$1 folders
	folders=$(sed -n 's/^d //p' "$manifest" | awk '{ print length($0) "\t" $0 }' | sort -rn | cut -f2-)
	grep -q '^[ftT] ' "$manifest" || rm -f "$manifest"
	while IFS= read -r path; do
		[ -z "$path" ] || rmdir -- "$DESTDIR$path" 2>/dev/null || true
	done <<<"$folders"
}
