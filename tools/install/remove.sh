# shellcheck shell=bash
# --uninstall: what was installed goes, what the user made stays.

user_data() {
	local folder
	for folder in "${XDG_DATA_HOME:-$HOME/.local/share}/splice-kernel" "${XDG_STATE_HOME:-$HOME/.local/state}/splice-kernel" \
		"${XDG_CONFIG_HOME:-$HOME/.config}/splice-kernel"; do
		[ -d "$folder" ] && printf '  %s (%d MB)\n' "$folder" "$(megabytes_of "$folder")"
	done
	return 0
}

confirm() {
	local answer
	[ -z "$YES" ] || return 0
	[ -t 0 ] || fail "there is nobody to ask; add --yes to uninstall without a question."
	read -r -p "$1 [y/N] " answer
	case $answer in [yY] | [yY][eE][sS]) return 0 ;; esac
	say "Nothing was removed."
	exit 0
}

uninstall() {
	local kept
	[ -f "$LIB/manifest" ] || fail "nothing is installed below $PREFIX." \
		"Installed elsewhere? Say where by --prefix DIR or --sys-prefix."
	say "This removes splice-kernel from $PREFIX ($(megabytes_of "$LIB") MB):"
	sed -nE 's/^[fT] (.*)/\1/p' "$LIB/manifest" | while IFS= read -r path; do
		[ ! -e "$path" ] || printf '  %s\n' "$path"
	done
	confirm "Remove it?"
	if [ -x "$PREFIX/bin/splice-manager" ]; then
		timeout 30 "$PREFIX/bin/splice-manager" stop >/dev/null 2>&1 || true
	fi
	DESTDIR='' manifest_remove '[ftT]'
	[ ! -d "$LIB" ] || rmdir "$LIB" 2>/dev/null || say "Left: $LIB holds files that I did not put there."
	say "Removed."
	kept=$(user_data)
	[ -z "$kept" ] || printf 'Your own data stays: database, tracked runs, buckets, logs, settings.\n%s\nTo be rid of it, remove these folders.\n' "$kept"
}
