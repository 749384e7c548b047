/* protocol/aws/s3-xml.c */
#include "protocol/aws/s3-xml.h"

#include "base/str.h"

#include "tests/harness.h"

TEST(error_with_entities_and_region)
{
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>X</Code>"
		"<Message>a &lt;b&gt; &amp; &#x263a;<![CDATA[<c>]]></Message>"
		"<Region>eu-west-1</Region><Other><Code>no</Code></Other></Error>";
	_cleanup_s3_error_ struct s3_error e = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(s3_xml_error(text, strlen(text), &e, &err), &err);
	CHECK_STR(e.code, "X");
	CHECK_STR(e.message, "a <b> & \xe2\x98\xba<c>");
	CHECK_STR(e.region, "eu-west-1");
}

TEST(what_is_no_s3_error_is_refused)
{
	static const char *const texts[] = {
		"",
		"<html></html>",
		"<Error><Code>X</Code>",
		"<Error><Message>x</Message></Error>",
		"<!DOCTYPE e [<!ENTITY x \"y\">]><Error><Code>&x;</Code></Error>",
		"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a>",
		"<Error><Code>\xff</Code></Error>",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_s3_error_ struct s3_error e = {0};
		struct err err = ERR_INIT;

		CHECK_INT(s3_xml_error(texts[i], strlen(texts[i]), &e, &err), E_PROTO);
		CHECK(*err.text && !e.code);
	}
}

#define LIST(inner)                                                                                \
	"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"       \
	"<Prefix>p/</Prefix>" inner "</ListBucketResult>"

TEST(page_of_keys_and_prefixes)
{
	static const char text[] =
		LIST("<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
		     "<Contents><Key>p/a+b%2Bc%2F%C3%A9%</Key><Size>5000000000</Size>"
		     "<Owner><ID>x</ID></Owner></Contents>"
		     "<Contents><Key>p/%00</Key><Size>0</Size></Contents>"
		     "<CommonPrefixes><Prefix>p/d/</Prefix></CommonPrefixes>"
		     "<NextContinuationToken>t+%2F==</NextContinuationToken>");
	_cleanup_s3_page_ struct s3_page p = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(s3_xml_page(text, strlen(text), &p, &err), &err);
	REQUIRE(p.len == 3);
	CHECK_STR(p.entries[0].key, "p/a b+c/\xc3\xa9%");
	CHECK_INT(p.entries[0].size, 5000000000);
	CHECK(!p.entries[0].prefix);
	CHECK_STR(p.entries[1].key, "p/%00");
	CHECK_STR(p.entries[2].key, "p/d/");
	CHECK(p.entries[2].prefix);
	CHECK_INT(p.entries[2].size, 0);
	CHECK_STR(p.next, "t+%2F==");
}

TEST(page_without_encoding_and_end)
{
	static const char text[] = LIST("<IsTruncated>false</IsTruncated><Contents>"
					"<Key>a+%20</Key></Contents>");
	_cleanup_s3_page_ struct s3_page p = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(s3_xml_page(text, strlen(text), &p, &err), &err);
	REQUIRE(p.len == 1);
	CHECK_STR(p.entries[0].key, "a+%20");
	CHECK_STR(p.next, NULL);
}

TEST(broken_pages_are_refused)
{
	static const char *const texts[] = {
		"<Error><Code>X</Code></Error>",
		LIST("<Contents><Size>1</Size></Contents>"),
		LIST("<Contents><Key>a</Key><Size>-1</Size></Contents>"),
		LIST("<Contents><Key>a</Key></Contents><IsTruncated>true</IsTruncated>"),
		LIST("<Contents><Key>a</Key>"),
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_s3_page_ struct s3_page p = {0};
		struct err err = ERR_INIT;

		CHECK_INT(s3_xml_page(texts[i], strlen(texts[i]), &p, &err), E_PROTO);
		CHECK(!p.entries);
	}
}

TEST_MAIN()
