/* protocol/aws/sigv4.c against AWS's published signatures */
#include "protocol/aws/sigv4.h"

#include "base/limits.h"
#include "protocol/aws/credentials.h"

#include "tests/harness.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define FORM_HASH "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
#define S3_HOST "examplebucket.s3.amazonaws.com"

enum { SUITE_TIME = 1440938160, S3_TIME = 1369353600 };

static const struct aws_credentials suite_keys = {
	.access_key = (char *)"AKIDEXAMPLE",
	.secret_key = (char *)"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

static const struct aws_credentials s3_keys = {
	.access_key = (char *)"AKIAIOSFODNN7EXAMPLE",
	.secret_key = (char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

struct vector {
	const char *name;
	const char *method;
	const char *path;
	const char *query;
	const char *payload;
	struct http_header headers[4];
	const char *signed_headers;
	const char *signature;
};

/* aws-sig-v4-test-suite: service "service", 2015-08-30T12:36:00Z. */
static const struct vector suite[] = {
	{"get-vanilla",
	 "GET",
	 "/",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-unreserved",
	 "GET",
	 "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	{"get-utf8",
	 "GET",
	 "/\xe1\x88\xb4",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
	{"get-space",
	 "GET",
	 "/example space/",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
	{"get-slash",
	 "GET",
	 "//",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-slashes",
	 "GET",
	 "//example//",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
	{"get-slash-dot-slash",
	 "GET",
	 "/./",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-relative",
	 "GET",
	 "/example/..",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-relative-relative",
	 "GET",
	 "/example1/example2/../..",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-vanilla-query-order-key-case",
	 "GET",
	 "/",
	 "Param2=value2&Param1=value1",
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"get-vanilla-query-order-value",
	 "GET",
	 "/",
	 "Param1=value2&Param1=value1",
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
	{"get-vanilla-utf8-query",
	 "GET",
	 "/",
	 "\xe1\x88\xb4=bar",
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{"get-vanilla-query-unreserved",
	 "GET",
	 "/",
	 "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
	 "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
	{"get-header-value-order",
	 "GET",
	 "/",
	 NULL,
	 NULL,
	 {{"My-Header1", "value4"},
	  {"My-Header1", "value1"},
	  {"My-Header1", "value3"},
	  {"My-Header1", "value2"}},
	 "host;my-header1;x-amz-date",
	 "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
	{"get-header-key-duplicate",
	 "GET",
	 "/",
	 NULL,
	 NULL,
	 {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
	 "host;my-header1;x-amz-date",
	 "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	{"get-header-value-trim",
	 "GET",
	 "/",
	 NULL,
	 NULL,
	 {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\" "}},
	 "host;my-header1;my-header2;x-amz-date",
	 "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{"post-vanilla",
	 "POST",
	 "/",
	 NULL,
	 NULL,
	 {{0}},
	 "host;x-amz-date",
	 "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-header-key-sort",
	 "POST",
	 "/",
	 NULL,
	 NULL,
	 {{"My-Header1", "value1"}},
	 "host;my-header1;x-amz-date",
	 "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
	{"post-x-www-form-urlencoded",
	 "POST",
	 "/",
	 NULL,
	 FORM_HASH,
	 {{"Content-Type", "application/x-www-form-urlencoded"}},
	 "content-type;host;x-amz-date",
	 "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

/* "Signature Calculations", S3 API Reference: four examples of 2013-05-24T00:00:00Z. */
static const struct vector s3[] = {
	{"get object",
	 "GET",
	 "/test.txt",
	 NULL,
	 NULL,
	 {{"Range", "bytes=0-9"}},
	 "host;range;x-amz-content-sha256;x-amz-date",
	 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{"put object",
	 "PUT",
	 "/test%24file.text",
	 NULL,
	 "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	 {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
	 "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
	 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	{"bucket lifecycle",
	 "GET",
	 "/",
	 "lifecycle",
	 NULL,
	 {{0}},
	 "host;x-amz-content-sha256;x-amz-date",
	 "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{"list objects",
	 "GET",
	 "/",
	 "max-keys=2&prefix=J",
	 NULL,
	 {{0}},
	 "host;x-amz-content-sha256;x-amz-date",
	 "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	{"list objects, unsorted",
	 "GET",
	 "/",
	 "prefix=J&max-keys=2",
	 NULL,
	 {{0}},
	 "host;x-amz-content-sha256;x-amz-date",
	 "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static struct sigv4_request request_of(const struct vector *v, bool is_s3)
{
	struct sigv4_request req = {
		.method = v->method,
		.host = is_s3 ? S3_HOST : "example.amazonaws.com",
		.path = v->path,
		.query = v->query,
		.headers = v->headers,
		.payload = v->payload ? v->payload : EMPTY_HASH,
		.region = "us-east-1",
		.service = is_s3 ? "s3" : "service",
		.time = is_s3 ? S3_TIME : SUITE_TIME,
		.s3 = is_s3,
	};

	while (req.n_headers < ARRAY_LEN(v->headers) && v->headers[req.n_headers].name)
		req.n_headers++;
	return req;
}

static void check_vector(const struct vector *v, bool is_s3)
{
	struct sigv4_request req = request_of(v, is_s3);
	const struct aws_credentials *keys = is_s3 ? &s3_keys : &suite_keys;
	_cleanup_sigv4_ struct sigv4_signed sig = {0};
	_cleanup_free_ char *expected = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(sigv4_sign(&req, keys, &sig, &err), &err);
	expected = str_fmt("AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/%s/aws4_request, "
			   "SignedHeaders=%s, Signature=%s",
			   keys->access_key, is_s3 ? "20130524" : "20150830", req.service,
			   v->signed_headers, v->signature);
	CHECK_STR(sig.authorization, expected);
	if (!str_eq(sig.authorization, expected)) {
		_cleanup_buf_ struct buf b;

		buf_init(&b, MIB(1));
		CHECK_OK(sigv4_canonical(&req, keys, &b, &err), &err);
		printf("# %s signed:\n%.*s\n", v->name, (int)b.len, (char *)b.data);
	}
}

TEST(published_suite)
{
	for (size_t i = 0; i < ARRAY_LEN(suite); i++)
		check_vector(&suite[i], false);
}

TEST(published_s3_examples)
{
	for (size_t i = 0; i < ARRAY_LEN(s3); i++)
		check_vector(&s3[i], true);
}

TEST(session_token_is_signed_and_sent)
{
	struct sigv4_request req = request_of(&suite[0], false);
	struct aws_credentials keys = suite_keys;
	_cleanup_sigv4_ struct sigv4_signed sig = {0};
	struct err err = ERR_INIT;

	keys.session_token =
		(char *)"6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
	REQUIRE_OK(sigv4_sign(&req, &keys, &sig, &err), &err);
	CHECK(str_ends_ci(sig.authorization,
			  "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="
			  "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"));
	REQUIRE(sig.n_headers == 3);
	CHECK_STR(sig.headers[0].value, "20150830T123600Z");
	CHECK_STR(sig.headers[1].name, "x-amz-security-token");
	CHECK_STR(sig.headers[1].value, keys.session_token);
}

static void check_canonical_query(const char *query, const char *line)
{
	struct vector v = {.name = query, .method = "GET", .path = "/", .query = query};
	struct sigv4_request req = request_of(&v, true);
	_cleanup_free_ char *expected = str_fmt("GET\n/\n%s\nhost:", line);
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, MIB(1));
	REQUIRE_OK(sigv4_canonical(&req, &s3_keys, &b, &err), &err);
	text = buf_take_str(&b);
	REQUIRE(text && strlen(text) > strlen(expected));
	text[strlen(expected)] = '\0';
	CHECK_STR(text, expected);
}

TEST(query_is_normalised)
{
	check_canonical_query("b&a=1&&", "a=1&b=");
	check_canonical_query("a=1=2", "a=1%3D2");
	check_canonical_query("q=a+b", "q=a%2Bb");
	check_canonical_query("q=%7e%c3%a9%2", "q=~%C3%A9%252");
	/* by name, then by value: `a-b` is after `a` although `-` sorts before `=` */
	check_canonical_query("a-b=1&a=2&a=10", "a=10&a=2&a-b=1");
}

TEST(a_signature_depends_on_everything)
{
	const struct vector *v = &s3[0];
	struct sigv4_request reqs[] = {request_of(v, true), request_of(v, true),
				       request_of(v, true), request_of(v, true),
				       request_of(v, true)};
	_cleanup_strv_ struct strv seen = {0};
	struct err err = ERR_INIT;

	reqs[1].payload = SIGV4_UNSIGNED;
	reqs[2].region = "eu-west-1";
	reqs[3].path = "/test%2etxt";
	reqs[4].time++;
	for (size_t i = 0; i < ARRAY_LEN(reqs); i++) {
		_cleanup_sigv4_ struct sigv4_signed sig = {0};

		REQUIRE_OK(sigv4_sign(&reqs[i], &s3_keys, &sig, &err), &err);
		CHECK(!strv_has(&seen, strstr(sig.authorization, "Signature=")));
		REQUIRE_OK(strv_add(&seen, strstr(sig.authorization, "Signature="), &err), &err);
		if (i == 1)
			CHECK_STR(sig.headers[1].value, SIGV4_UNSIGNED);
	}
}

TEST_MAIN()
