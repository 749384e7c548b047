/*
 * The test harness.  A test file is a program: it defines test functions with
 * TEST(name) and calls TEST_MAIN().  Checks print both expressions and both
 * values and go on; REQUIRE stops the test function.  Output is TAP; exit
 * status 0 (all passed), 1 (a failure) or 77 (all skipped).
 *
 *   build/plain/tests/base/test_buf            all tests
 *   build/plain/tests/base/test_buf grow       those whose name contains "grow"
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void test_fn(void);

void test_register(const char *name, test_fn *fn);
int test_main(int argc, char **argv);
void test_fail(const char *file, int line, const char *fmt, ...) ERR_PRINTF(3, 4);
/* Leave the running test as skipped; CI refuses skips that are not expected. */
void test_skip(const char *fmt, ...) ERR_PRINTF(1, 2);
/* How often something is tried: `usual`, or `full` with TEST_FULL=1 in the environment (make soak).
 */
int test_count(int usual, int full);
/* A new empty folder with a short path, removed with all that it holds when the program ends.  The
 * harness's. */
const char *test_dir(void);
bool test_check_int(const char *file, int line, const char *a, intmax_t va, const char *b,
		    intmax_t vb);
bool test_check_str(const char *file, int line, const char *a, const char *va, const char *b,
		    const char *vb);
bool test_check_mem(const char *file, int line, const char *a, const void *va, size_t na,
		    const void *vb, size_t nb);
/* Compare text with tests/golden/NAME; with UPDATE_GOLDEN=1 in the environment, write it. */
bool test_check_golden(const char *file, int line, const char *name, const char *text);

#define TEST(name)                                                                                 \
	static void test_##name(void);                                                             \
	__attribute__((constructor)) static void register_##name(void)                             \
	{                                                                                          \
		test_register(#name, test_##name);                                                 \
	}                                                                                          \
	static void test_##name(void)

#define TEST_MAIN()                                                                                \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return test_main(argc, argv);                                                      \
	}

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			test_fail(__FILE__, __LINE__, "%s", #cond);                                \
	} while (0)
#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			test_fail(__FILE__, __LINE__, "%s", #cond);                                \
			return;                                                                    \
		}                                                                                  \
	} while (0)
#define CHECK_INT(a, b)                                                                            \
	(void)test_check_int(__FILE__, __LINE__, #a, (intmax_t)(a), #b, (intmax_t)(b))
#define CHECK_STR(a, b) (void)test_check_str(__FILE__, __LINE__, #a, (a), #b, (b))
#define CHECK_MEM(a, na, b, nb) (void)test_check_mem(__FILE__, __LINE__, #a, (a), (na), (b), (nb))
#define CHECK_GOLDEN(name, text) (void)test_check_golden(__FILE__, __LINE__, (name), (text))
/* A call that must succeed: shows the error's text when it does not. */
#define CHECK_OK(call, errp)                                                                       \
	do {                                                                                       \
		int ok_r_ = (call);                                                                \
		if (ok_r_ < 0)                                                                     \
			test_fail(__FILE__, __LINE__, "%s = %d: %s", #call, ok_r_, (errp)->text);  \
	} while (0)
#define REQUIRE_OK(call, errp)                                                                     \
	do {                                                                                       \
		int ok_r_ = (call);                                                                \
		if (ok_r_ < 0) {                                                                   \
			test_fail(__FILE__, __LINE__, "%s = %d: %s", #call, ok_r_, (errp)->text);  \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#endif
