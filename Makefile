# splice-kernel: one Makefile, read from top to bottom.
#
# Knobs (make NAME=value):
#   PREFIX=~/.local   where `make install` puts things      DESTDIR=   staging root
#   CC=gcc            compiler                              V=1        show whole commands
#   DEVELOPER=1       warnings are errors (CI sets it)      T=name     run only tests with this name
#   VARIANT=asan      asan, tsan, small (tiny limits), cov or fuzz: each in its own build folder

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:

PREFIX ?= $(HOME)/.local
DESTDIR ?=
CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
VARIANT ?= plain
B := build/$(VARIANT)
VERSION := 0.1.0
Q := $(if $(V),,@)

# --- what is built -----------------------------------------------------------
LAYERS := base protocol/jupyter protocol/drda protocol/http protocol/mlflow protocol/aws \
	protocol/manager protocol/oci protocol/jobs tracking display deploy web notebook magics \
	magics/splicemachine magics/spark magics/mlmanager
LIB_SRC := $(foreach d,$(LAYERS),$(wildcard $d/*.c))
PROGRAMS := $(foreach p,kernel manager scorer,$(if $(wildcard $p/main.c),$p))
PROGRAM_SRC := $(foreach p,$(PROGRAMS),$(wildcard $p/*.c))
BINARIES := $(PROGRAMS:%=$B/bin/splice-%)
TEST_SRC := $(wildcard $(addprefix tests/,$(addsuffix /test_*.c,$(LAYERS) kernel manager scorer)))
TESTS := $(TEST_SRC:%.c=$B/%)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS := $(FUZZ_SRC:%.c=$B/%)
LIVE_SRC := $(wildcard tests/live/*.c)
LIVE := $(LIVE_SRC:%.c=$B/%)
BENCH_SRC := $(wildcard bench/*.c)
BENCH := $(BENCH_SRC:%.c=$B/%) build/bench/JdbcClient.class
HARNESS_SRC := tests/harness.c $(wildcard tests/servers/*.c)
ALL_SRC := $(LIB_SRC) $(PROGRAM_SRC) $(TEST_SRC) $(HARNESS_SRC) $(FUZZ_SRC) $(LIVE_SRC) \
	$(BENCH_SRC) tests/fuzz/replay.c scorer/static/no-tls.c
OBJ = $(ALL_SRC:%.c=$B/%.o)

# --- flags -------------------------------------------------------------------
PACKAGES := libzmq jansson openssl uuid libcurl sqlite3 inih zlib expat libmicrohttpd libarchive
ifneq ($(filter-out clean help format check-docs uninstall,$(or $(MAKECMDGOALS),all)),)
MISSING := $(foreach p,$(PACKAGES),$(if $(shell pkg-config --exists $p && echo y),,$p))
$(if $(strip $(MISSING)),$(error missing packages: $(MISSING). ./install.sh installs them))
endif
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
LDLIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings \
	-Wpointer-arith -Wformat=2 -Wundef -Wimplicit-fallthrough -Wnull-dereference -Wconversion
# Instrumented code makes gcc see paths that are not there (its manual warns of it).
WARN_QUIET := $(if $(filter plain,$(VARIANT)),,-Wno-maybe-uninitialized -Wno-null-dereference)
# What older C let pass and no program survives stops every build; the rest only a developer's.
WERROR := -Werror=implicit-function-declaration -Werror=int-conversion -Werror=incompatible-pointer-types $(if $(DEVELOPER),-Werror)
OPT_plain := -O2 -D_FORTIFY_SOURCE=2
OPT_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_tsan := -O1 -fsanitize=thread
OPT_small := -O1 -DSMALL_LIMITS
OPT_cov := -O0 --coverage
OPT_fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
HARDEN := -fstack-protector-strong -fPIE
CFLAGS ?= -g $(OPT_$(VARIANT))
COMPILE = $(CC) -std=gnu11 $(CFLAGS) $(HARDEN) $(WARN) $(WARN_QUIET) $(WERROR) -D_GNU_SOURCE \
	-DSPLICE_VERSION='"$(VERSION)"' -I. -include base/banned.h $(PKG_CFLAGS)
LINK = $(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now,--as-needed

# --- rules -------------------------------------------------------------------
all: $(BINARIES) build/kernelspec/splice/kernel.json ## the programs (default)

# Changed flags rebuild: objects depend on a file that holds the compile line.
$B/.flags: FORCE
	@mkdir -p $(@D); echo '$(subst ','\'',$(COMPILE))' | cmp -s - $@ || echo '$(subst ','\'',$(COMPILE))' > $@

$B/%.o: %.c $B/.flags
	@mkdir -p $(@D); echo "  CC    $<"
	$Q$(COMPILE) -MMD -MP -c -o $@ $<

$B/libsplice.a: $(LIB_SRC:%.c=$B/%.o)
	@echo "  AR    $@"; rm -f $@
	$Qar rcs $@ $^

define PROGRAM_RULE
$B/bin/splice-$(1): $$(patsubst %.c,$B/%.o,$$(wildcard $(1)/*.c)) $B/libsplice.a
	@mkdir -p $$(@D); echo "  LD    $$@"
	$$Q$$(LINK) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call PROGRAM_RULE,$p)))

# The scorer is all that its image holds: one static file, where no sanitizer needs the C library's.
ifneq ($(filter plain small,$(VARIANT)),)
$B/bin/splice-scorer: LINK = $(CC) $(CFLAGS) -static-pie -Wl,-z,relro,-z,now,--gc-sections,-s
$B/bin/splice-scorer: LDLIBS = -lmicrohttpd -ljansson -lpthread -lm
$B/bin/splice-scorer: $B/scorer/static/no-tls.o
endif

# A test of a program's folder links that folder's objects, all but main.
define PROGRAM_TEST_RULE
$B/tests/$(1)/%: EXTRA = $(patsubst %.c,$B/%.o,$(filter-out $(1)/main.c,$(wildcard $(1)/*.c)))
$(filter $B/tests/$(1)/%,$(TESTS)): $(patsubst %.c,$B/%.o,$(filter-out $(1)/main.c,$(wildcard $(1)/*.c)))
endef
$(foreach p,$(PROGRAMS),$(eval $(call PROGRAM_TEST_RULE,$p)))
$(TESTS): $B/%: $B/%.o $(HARNESS_SRC:%.c=$B/%.o) $B/libsplice.a
	@mkdir -p $(@D); echo "  LD    $@"
	$Q$(LINK) -o $@ $< $(HARNESS_SRC:%.c=$B/%.o) $(EXTRA) $B/libsplice.a $(LDLIBS)

# Programs that the tests against real servers start.
$(LIVE): $B/%: $B/%.o $B/libsplice.a
	@mkdir -p $(@D); echo "  LD    $@"
	$Q$(LINK) -o $@ $^ $(LDLIBS)

# Fuzz targets: with libFuzzer in VARIANT=fuzz, else with a driver that replays the corpus.
SCORER_OBJ := $(patsubst %.c,$B/%.o,$(filter-out scorer/main.c,$(wildcard scorer/*.c)))
$(filter $B/tests/fuzz/fuzz_scorer%,$(FUZZERS)): $(SCORER_OBJ)
$(FUZZERS): $B/%: $B/%.o $(if $(filter fuzz,$(VARIANT)),,$B/tests/fuzz/replay.o) $B/libsplice.a
	@mkdir -p $(@D); echo "  LD    $@"
	$Q$(LINK) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

# What is measured beside ours.
$(BENCH_SRC:%.c=$B/%): $B/%: $B/%.o
	@mkdir -p $(@D); echo "  LD    $@"
	$Q$(LINK) -o $@ $^ $(LDLIBS)

build/bench/%.class: bench/%.java
	@mkdir -p $(@D); echo "  JAVAC $<"
	$Qjavac -Xlint:all -Werror -d $(@D) $<

build/kernelspec/splice/kernel.json: kernelspec/kernel.json.in $(wildcard kernelspec/*.png kernelspec/*.svg)
	@mkdir -p $(@D); cp $(filter-out $<,$^) $(@D)/ 2>/dev/null || true
	@sed 's|@KERNEL@|$(or $(KERNEL_PATH),$(abspath build/plain/bin/splice-kernel))|' $< > $@

# --- checks ------------------------------------------------------------------
check: all check-tree check-unit check-fuzz ## the fast gate: trees, units, golden files, fuzz corpora

check-unit: $(TESTS) $(LIVE) $(BINARIES)
	$Qtools/run-tests $(if $(T),--only $(T)) $B/tests

check-fuzz: $(FUZZERS)
	$Qtools/run-fuzz-corpora $B/tests/fuzz tests/fuzz/corpus

check-tree: check-docs ## layers, function length, headers, format
	$Qtools/check-layers && tools/check-functions && tools/check-cleanup && tools/check-headers $(CC) && tools/check-format

check-docs: ## every file the documents name exists
	$Qtools/check-docs

check-python: ## units of the package splicemachine
	$Qtools/run-pytest tests/python

check-asan check-tsan check-small: check-%: ## units under address+undefined, thread sanitizer, tiny limits
	$Q$(MAKE) VARIANT=$* check-unit check-fuzz

check-clang: ## units built by clang, warnings as errors
	$Q$(MAKE) CC=clang VARIANT=plain B=build/clang DEVELOPER=1 check-unit

test: ## everything: gates, sanitizers, then the real servers and clients in seeded short forms
	$Qtools/run-all

soak: all ## the full counts, long fuzzing, live tests again and again (hours)
	$Qtools/run-soak

bench: all $(BENCH) ## measure beside what a user would pick instead; writes docs/BENCHMARKS.md
	$Qtools/run-bench

fuzz-%: ## fuzz-NAME: run one libFuzzer target for 60 s (SECONDS=…)
	$Q$(MAKE) CC=clang VARIANT=fuzz build/fuzz/tests/fuzz/fuzz_$*
	$Qmkdir -p build/corpus/$*
	$Qbuild/fuzz/tests/fuzz/fuzz_$* -max_total_time=$(or $(SECONDS),60) build/corpus/$* tests/fuzz/corpus/$*

format: ## let clang-format lay out all sources
	$Qgit ls-files '*.c' '*.h' | xargs clang-format -i

compile_commands.json: Makefile ## for clang tools
	@echo '  GEN   $@'; { echo '['; sep=; for f in $(ALL_SRC); do \
	printf '%s{"directory":"%s","file":"%s","command":"%s -c %s"}' "$$sep" "$(CURDIR)" "$$f" \
	'$(subst ",\",$(COMPILE))' "$$f"; sep=',\n'; done; echo ']'; } > $@

install: all ## programs, package and kernelspec below PREFIX
	$Qtools/install-files '$(DESTDIR)' '$(PREFIX)' $B

uninstall: ## remove what install put there
	$Qtools/install-files --remove '$(DESTDIR)' '$(PREFIX)'

clean: ## remove everything built
	rm -rf build compile_commands.json

help: ## this list
	@sed -nE 's/^([a-z][a-z_. %-]*):[^#]*## (.*)/  \1\t\2/p' Makefile | expand -t 36

.PHONY: all check check-unit check-fuzz check-tree check-docs check-python check-asan check-tsan check-small \
	check-clang test soak bench format install uninstall clean help FORCE
FORCE:
-include $(OBJ:.o=.d)
