# shellcheck shell=bash
# The Java archives: resolved by Maven from tools/jars/pom.xml, compared with tools/jars/jars.sha256.

JARS_LIST=$TOP/tools/jars/jars.sha256

jars_are_current() {
	[ -d "$LIB/jars" ] && (cd "$LIB/jars" && sha256sum --quiet --status -c "$JARS_LIST" 2>/dev/null) &&
		[ "$(find "$LIB/jars" -name '*.jar' | wc -l)" -eq "$(wc -l <"$JARS_LIST")" ]
}

build_jars() {
	local place=$LIB/jars
	set -e
	rm -rf "$place.new" "$place.old" "$LIB/tmp"
	# -C: a jar whose checksum is not the registry's is an error. Maven's own files stay out of the sources.
	mvn -B -C -f "$TOP/tools/jars/pom.xml" package -Djars.dir="$place.new"
	(cd "$place.new" && sha256sum --quiet -c "$JARS_LIST")
	[ ! -d "$place" ] || mv "$place" "$place.old"
	mv "$place.new" "$place"
	rm -rf "$place.old"
}

install_jars() {
	local first
	jars_are_current && return
	first=$(($(wc -l <"$LOG") + 1))
	run_step "Java archives" "$LIB/jars.new" build_jars
	[ "$STEP_STATUS" -eq 0 ] || step_failed "Getting the Java archives" "$first"
}
