/* protocol/drda/ebcdic.c */
#include "protocol/drda/ebcdic.h"

#include "tests/harness.h"

TEST(known_bytes)
{
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, 100);
	CHECK_OK(ebcdic_put(&b, "AZaz09 _;=é", &err), &err);
	CHECK_MEM(b.data, b.len, "\xC1\xE9\x81\xA9\xF0\xF9\x40\x6D\x5E\x7E\x51", (size_t)11);
	CHECK_INT(ebcdic_put(&b, "€", &err), E_UNSUPPORTED);
	CHECK_STR(err.text, "the server reads EBCDIC only, which has no U+20AC");
}

TEST(every_byte_comes_back)
{
	_cleanup_buf_ struct buf text, back;
	struct err err = ERR_INIT;

	buf_init(&text, 1000);
	buf_init(&back, 1000);
	for (int i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;

		buf_clear(&text);
		ebcdic_decode(&text, &byte, 1);
		buf_put_u8(&text, 0);
		if (text.data[0] == 0)
			continue; /* NUL ends a text */
		buf_clear(&back);
		CHECK_OK(ebcdic_put(&back, (char *)text.data, &err), &err);
		CHECK_MEM(back.data, back.len, &byte, (size_t)1);
	}
}

TEST_MAIN()
