/* The test harness: registration, checks, TAP. */
#include "tests/harness.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <ftw.h>
#include <setjmp.h>
#include <unistd.h>

enum { MAX_TESTS = 512 };

static struct {
	const char *name;
	test_fn *fn;
} tests[MAX_TESTS];
static int n_tests;
static int failures; /* of the running test */
static jmp_buf skip_jump;
static char skip_reason[256];
static struct dir {
	struct dir *next;
	char path[48];
} * dirs;

void test_register(const char *name, test_fn *fn)
{
	if (n_tests == MAX_TESTS)
		abort();
	tests[n_tests].name = name;
	tests[n_tests++].fn = fn;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	failures++;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void test_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(skip_reason, sizeof(skip_reason), fmt, ap);
	va_end(ap);
	longjmp(skip_jump, 1);
}

int test_count(int usual, int full)
{
	return getenv("TEST_FULL") ? full : usual;
}

const char *test_dir(void)
{
	struct dir *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	snprintf(d->path, sizeof(d->path), "/tmp/splice-test-XXXXXX");
	if (!mkdtemp(d->path))
		abort();
	d->next = dirs;
	dirs = d;
	return d->path;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	(void)remove(path); /* what a test made unreadable stays, and shows where */
	return 0;
}

static void remove_dirs(void)
{
	while (dirs) {
		struct dir *d = dirs;

		(void)nftw(d->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
		dirs = d->next;
		free(d);
	}
}

bool test_check_int(const char *file, int line, const char *a, intmax_t va, const char *b,
		    intmax_t vb)
{
	if (va != vb)
		test_fail(file, line, "%s == %s: %jd and %jd", a, b, va, vb);
	return va == vb;
}

bool test_check_str(const char *file, int line, const char *a, const char *va, const char *b,
		    const char *vb)
{
	bool same = (!va && !vb) || (va && vb && str_eq(va, vb));

	if (!same)
		test_fail(file, line, "%s == %s:\n#   \"%s\"\n#   \"%s\"", a, b, va ? va : "(NULL)",
			  vb ? vb : "(NULL)");
	return same;
}

static void print_hex(const char *label, const uint8_t *p, size_t n)
{
	printf("#   %s (%zu):", label, n);
	for (size_t i = 0; i < n && i < 64; i++)
		printf(" %02x", p[i]);
	printf("%s\n", n > 64 ? " …" : "");
}

bool test_check_mem(const char *file, int line, const char *a, const void *va, size_t na,
		    const void *vb, size_t nb)
{
	if (na == nb && (na == 0 || memcmp(va, vb, na) == 0))
		return true;
	test_fail(file, line, "%s differs:", a);
	print_hex("got", va, na);
	print_hex("want", vb, nb);
	return false;
}

static int first_difference(const char *a, const char *b)
{
	int line = 1;

	for (; *a && *a == *b; a++, b++)
		line += *a == '\n';
	return line;
}

bool test_check_golden(const char *file, int line, const char *name, const char *text)
{
	_cleanup_free_ char *path = str_fmt("tests/golden/%s", name);
	_cleanup_free_ char *want = NULL;
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, MIB(64));
	if (getenv("UPDATE_GOLDEN"))
		return fs_write_atomic(path, text, strlen(text), 0644, &err) == 0;
	if (fs_read(path, &b, &err) < 0 || !(want = buf_take_str(&b))) {
		test_fail(file, line, "%s (UPDATE_GOLDEN=1 writes it)", err.text);
		return false;
	}
	if (str_eq(want, text))
		return true;
	test_fail(file, line, "differs from %s at line %d; got:", path,
		  first_difference(text, want));
	fputs(text, stdout);
	return false;
}

static bool wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

/* Read by the thread sanitizer: locks and orders inside libzmq are not seen, so what it calls is
 * left out. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "ignore_noninstrumented_modules=1";
}

static int run_one(int number, const char *name, test_fn *fn)
{
	failures = 0;
	if (setjmp(skip_jump)) {
		printf("ok %d - %s # SKIP %s\n", number, name, skip_reason);
		return 77;
	}
	fn();
	printf("%s %d - %s\n", failures ? "not ok" : "ok", number, name);
	fflush(stdout);
	return failures != 0;
}

int test_main(int argc, char **argv)
{
	int ran = 0, failed = 0, skipped = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < n_tests; i++) {
		int r;

		if (!wanted(argc, argv, tests[i].name))
			continue;
		r = run_one(++ran, tests[i].name, tests[i].fn);
		failed += r == 1;
		skipped += r == 77;
	}
	remove_dirs();
	printf("1..%d\n", ran);
	return failed ? 1 : ran && skipped == ran ? 77 : 0;
}
