/*
 * Runs a fuzz target over the files given, without libFuzzer: what a fuzzer
 * found once stays found with any compiler.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		_cleanup_buf_ struct buf b;
		struct err err = ERR_INIT;

		buf_init(&b, MIB(16));
		if (fs_read(argv[i], &b, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		/* An exact-size copy, so that the sanitizer sees reads past the end. */
		_cleanup_free_ uint8_t *copy = malloc(b.len ? b.len : 1);

		if (!copy)
			return 1;
		if (b.len)
			memcpy(copy, b.data, b.len);
		(void)LLVMFuzzerTestOneInput(copy, b.len);
	}
	printf("ok - %d inputs\n", argc - 1);
	return 0;
}
