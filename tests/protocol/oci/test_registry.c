/* protocol/oci/registry*.c against a registry with faults */
#include "protocol/oci/registry.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

#include "tests/harness.h"
#include "tests/servers/fake_registry.h"

#include <pthread.h>

enum { PART = 1000, MODEL = 4500 };

struct fixture {
	struct fake_registry server;
	struct registry *registry;
	struct oci_image image;
	struct err err;
	uint64_t done, total; /* of progress */
	bool shrank;
	struct cancel *cancel;
	const char *user, *password;
	int stall_ms;
};

/* Bytes that do not compress: parts are then of known number. */
static void make_image(struct fixture *x)
{
	static const char *const entrypoint[] = {"/p", NULL};
	static int n;
	_cleanup_free_ char *layout = str_fmt("%s/%d", test_dir(), n++);
	unsigned char noise[MODEL];
	struct oci_file f = {.path = "m", .data = noise, .size = sizeof(noise)};
	struct oci_config c = {.architecture = "amd64", .user = "1:1", .entrypoint = entrypoint};
	struct oci_layer layer = {0};
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(noise); i++) {
		seed = seed * 1664525u + 1013904223u;
		noise[i] = (unsigned char)(seed >> 24);
	}
	if (oci_layout_make(layout, &x->err) < 0 ||
	    oci_layer_write(layout, &f, 1, NULL, &layer, &x->err) < 0 ||
	    oci_image_write(layout, &c, &layer, 1, "t", &x->image, &x->err) < 0)
		abort();
}

static void start(struct fixture *x)
{
	struct registry_options o = {.user = x->user,
				     .password = x->password,
				     .part = PART,
				     .retry_ms = 1,
				     .stall_ms = x->stall_ms};

	make_image(x);
	fake_registry_start(&x->server);
	o.url = fake_http_url(x->server.server);
	if (registry_new(&o, &x->registry, &x->err) < 0)
		abort();
}

static void stop(struct fixture *x)
{
	registry_free(x->registry);
	fake_registry_stop(&x->server);
	oci_image_release(&x->image);
}

#define _cleanup_fixture_ _cleanup_(stop)

static void on_progress(void *userdata, uint64_t done, uint64_t total)
{
	struct fixture *x = userdata;

	x->shrank |= done < x->done || done > total;
	x->done = done;
	x->total = total;
}

static int push(struct fixture *x)
{
	struct registry_push p = {.repository = "r",
				  .tag = "v1",
				  .progress = on_progress,
				  .userdata = x,
				  .cancel = x->cancel};
	int r;

	fake_http_sync(x->server.server);
	r = registry_push(x->registry, &x->image, &p, &x->err);
	fake_http_sync(x->server.server);
	return r;
}

/* Everything arrived, whatever happened on the way. */
static void check_pushed(struct fixture *x)
{
	CHECK_OK(push(x), &x->err);
	CHECK_STR(x->err.text, "");
	CHECK(fake_registry_has(&x->server, x->image.layers[0].blob.digest));
	CHECK(fake_registry_has(&x->server, x->image.config.digest));
	CHECK_STR(x->server.manifest, x->image.manifest);
	CHECK_STR(x->server.tag, "v1");
	CHECK_INT(x->done, x->total);
}

TEST(layers_go_in_parts_then_the_manifest)
{
	_cleanup_fixture_ struct fixture x = {0};

	start(&x);
	check_pushed(&x);
	CHECK_INT(fake_registry_count(&x.server, "PATCH"),
		  (x.image.layers[0].blob.size + PART - 1) / PART + 1);
	CHECK_INT(x.total, x.image.layers[0].blob.size + x.image.config.size);
	CHECK(!x.shrank);
}

TEST(what_is_there_is_not_sent_again)
{
	_cleanup_fixture_ struct fixture x = {0};
	unsigned patches;

	start(&x);
	check_pushed(&x);
	patches = fake_registry_count(&x.server, "PATCH");
	check_pushed(&x);
	CHECK_INT(fake_registry_count(&x.server, "PATCH"), patches);
	CHECK_INT(fake_registry_count(&x.server, "POST"), 2);
}

TEST(cut_upload_goes_on_where_it_was)
{
	static const size_t cuts[] = {0, 2, 500, PART - 1, PART};

	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		_cleanup_fixture_ struct fixture x = {
			.server.faults = {{"PATCH", 2, REGISTRY_CUT, .n = cuts[i]}}};

		start(&x);
		check_pushed(&x);
		CHECK_INT(x.server.uploads, 2); /* layer and configuration: nothing began anew */
		CHECK(!x.shrank);
	}
}

TEST(cut_again_and_again_still_arrives)
{
	_cleanup_fixture_ struct fixture x = {
		.server.faults = {{"PATCH", 1, REGISTRY_CUT, .n = 900},
				  {"PATCH", 2, REGISTRY_CUT, .n = 900},
				  {"PATCH", 3, REGISTRY_CUT, .n = 900},
				  {"PATCH", 4, REGISTRY_CUT, .n = 900},
				  {"PATCH", 5, REGISTRY_CUT, .n = 900}}};

	start(&x);
	check_pushed(&x);
	CHECK_INT(x.server.uploads, 2);
}

/* Each of these is survived; `uploads` tells whether by going on or by starting over. */
TEST(faults_on_the_way)
{
	static const struct {
		struct fake_registry_fault fault;
		unsigned uploads;
	} cases[] = {
		{{"PATCH", 2, REGISTRY_STATUS, .status = 500}, 2},
		{{"PATCH", 2, REGISTRY_STATUS, .status = 429, .headers = "Retry-After: 0\r\n"}, 2},
		{{"PATCH", 1, REGISTRY_STATUS, .status = 503}, 2},
		{{"PATCH", 2, REGISTRY_STATUS, .status = 416}, 2},
		{{"PATCH", 2, REGISTRY_LOSE, .n = 0}, 2},
		{{"PATCH", 2, REGISTRY_KEEP, .n = 10}, 2},
		{{"PATCH", 2, REGISTRY_KEEP, .n = 0}, 2},
		{{"PATCH", 2, REGISTRY_LIE, .n = 5}, 3},
		{{"PATCH", 2, REGISTRY_LIE, .n = 1000000}, 3},
		{{"PATCH", 2, REGISTRY_RUIN, .n = 0}, 3},
		{{"PATCH", 3, REGISTRY_FORGET, .n = 0}, 3},
		{{"PUT", 1, REGISTRY_LOSE, .n = 0}, 2},
		{{"PUT", 1, REGISTRY_STATUS, .status = 502}, 3},
		{{"PUT", 1, REGISTRY_FORGET, .n = 0}, 3},
		{{"PUT", 3, REGISTRY_LOSE, .n = 0}, 2},
		{{"PUT", 3, REGISTRY_STATUS, .status = 500}, 2},
		{{"POST", 1, REGISTRY_STATUS, .status = 500}, 2},
		{{"POST", 1, REGISTRY_LOSE, .n = 0}, 3},
		{{"HEAD", 1, REGISTRY_STATUS, .status = 500}, 2},
		{{"HEAD", 1, REGISTRY_LOSE, .n = 0}, 2},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_fixture_ struct fixture x = {.server.faults = {cases[i].fault}};

		start(&x);
		check_pushed(&x);
		CHECK_INT(x.server.uploads, cases[i].uploads);
		if (x.err.code || x.server.uploads != cases[i].uploads)
			printf("# case %zu: %s", i, (const char *)x.server.log.data);
	}
}

TEST(registry_that_stays_broken_is_told)
{
	static const struct {
		struct fake_registry_fault fault;
		int code;
		const char *name, *text;
	} cases[] = {
		{{"PATCH", 0, REGISTRY_STATUS, .status = 500}, E_SERVER, "UNAVAILABLE", "500"},
		{{"PATCH", 0, REGISTRY_CUT, .n = 0}, E_CLOSED, "", "broke"},
		{{"PATCH", 0, REGISTRY_KEEP, .n = 0}, E_PROTO, "", "keeps no bytes"},
		{{"PATCH", 0, REGISTRY_LIE, .n = 1}, E_PROTO, "", "5 times"},
		{{"PATCH", 0, REGISTRY_RUIN, .n = 0}, E_SERVER, "DIGEST_INVALID", "because"},
		{{"HEAD", 0, REGISTRY_STATUS, .status = 429}, E_SERVER, "TOOMANYREQUESTS", "429"},
		{{"POST", 0, REGISTRY_STATUS, .status = 404,
		  .body = "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"no such\"}]}"},
		 E_NOTFOUND,
		 "NAME_UNKNOWN",
		 "no such (NAME_UNKNOWN)"},
		{{"POST", 0, REGISTRY_STATUS, .status = 403,
		  .body = "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"not you\"}]}"},
		 E_AUTH,
		 "DENIED",
		 "not you (DENIED)"},
		{{"POST", 0, REGISTRY_STATUS, .status = 202}, E_PROTO, "", "where to upload"},
		{{"PUT", 0, REGISTRY_STATUS, .status = 413, .body = "<html>"}, E_TOOBIG, "", "413"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_fixture_ struct fixture x = {.server.faults = {cases[i].fault}};

		start(&x);
		CHECK_INT(push(&x), cases[i].code);
		CHECK_INT(x.err.code, cases[i].code);
		CHECK_STR(x.err.name, cases[i].name);
		if (!strstr(x.err.text, cases[i].text))
			CHECK_STR(x.err.text, cases[i].text);
		CHECK_STR(x.server.manifest, NULL);
	}
}

TEST(retry_after_is_waited_for)
{
	_cleanup_fixture_ struct fixture x = {
		.server.faults = {{"HEAD", 1, REGISTRY_STATUS, .status = 429,
				   .headers = "Retry-After: 1\r\n"}}};
	int64_t before = clock_ms();

	start(&x);
	check_pushed(&x);
	CHECK(clock_ms() - before >= 1000);
}

TEST(larger_parts_when_the_registry_asks)
{
	_cleanup_fixture_ struct fixture x = {.server.least_part = 3000};

	start(&x);
	check_pushed(&x);
	CHECK_INT(fake_registry_count(&x.server, "PATCH"),
		  (x.image.layers[0].blob.size + 2999) / 3000 + 1);
}

TEST(credentials_go_by_the_challenge)
{
	_cleanup_fixture_ struct fixture basic = {.server.basic = "dTpw",
						  .user = "u",
						  .password = "p"};
	_cleanup_fixture_ struct fixture token = {.server.basic = "dTpw",
						  .server.tokens = true,
						  .user = "u",
						  .password = "p"};
	_cleanup_fixture_ struct fixture anonymous = {.server.tokens = true};

	start(&basic);
	check_pushed(&basic);
	start(&token);
	check_pushed(&token);
	CHECK(strstr((char *)token.server.log.data,
		     "GET /token?service=a%20b&scope=repository%3Ar%3Apull%2Cpush\n"));
	start(&anonymous);
	check_pushed(&anonymous);
}

TEST(wrong_password_is_said_once)
{
	_cleanup_fixture_ struct fixture x = {.server.basic = "dTpw",
					      .user = "u",
					      .password = "wrong"};
	_cleanup_fixture_ struct fixture y = {.server.basic = "dTpw",
					      .server.tokens = true,
					      .user = "u",
					      .password = "wrong"};

	start(&x);
	CHECK_INT(registry_ping(x.registry, NULL, &x.err), E_AUTH);
	CHECK_INT(fake_http_requests(x.server.server), 2);
	start(&y);
	CHECK_INT(registry_ping(y.registry, NULL, &y.err), E_AUTH);
	CHECK(str_starts(y.err.text, "signing in to the registry: "));
}

/* An upload may be kept elsewhere, but our password is the registry's. */
TEST(credentials_stay_with_the_registry)
{
	_cleanup_fixture_ struct fixture x = {.server.basic = "dTpw", .user = "u", .password = "p"};
	struct fake_registry other = {.basic = "dTpw"};
	char location[128];

	fake_registry_start(&other);
	snprintf(location, sizeof(location), "Location: %s/v2/r/blobs/uploads/1\r\n",
		 fake_http_url(other.server));
	start(&x);
	x.server.faults[0] = (struct fake_registry_fault){"POST", 0, REGISTRY_STATUS, .status = 202,
							  .headers = location};
	CHECK_INT(push(&x), E_AUTH);
	CHECK_INT(fake_http_requests(other.server), 1);
	fake_registry_stop(&other);
}

TEST(tags_and_existing_images_are_resolved)
{
	_cleanup_fixture_ struct fixture x = {0};
	char digest[OCI_DIGEST_SIZE];

	start(&x);
	CHECK_INT(registry_resolve(x.registry, "r", "v1", NULL, digest, &x.err), E_NOTFOUND);
	err_clear(&x.err);
	check_pushed(&x);
	REQUIRE_OK(registry_resolve(x.registry, "r", "v1", NULL, digest, &x.err), &x.err);
	CHECK_STR(digest, x.image.digest);
}

TEST(names_are_checked_before_anything_is_sent)
{
	static const struct {
		const char *repository, *tag;
	} bad[] = {{"", "t"},    {"Up", "t"},  {"a//b", "t"}, {"a/../b", "t"}, {"/a", "t"},
		   {"a b", "t"}, {"a?x", "t"}, {"r", ""},     {"r", "-x"},     {"r", "a/b"}};
	static const char *const urls[] = {"",           "host",          "ftp://h",   "http://",
					   "http://u@h", "http://h/path", "http://h?x"};
	_cleanup_fixture_ struct fixture x = {0};

	start(&x);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct registry_push p = {.repository = bad[i].repository, .tag = bad[i].tag};

		CHECK_INT(registry_push(x.registry, &x.image, &p, &x.err), E_INPUT);
	}
	CHECK_INT(fake_http_requests(x.server.server), 0);
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct registry_options o = {.url = urls[i]};
		_cleanup_(registry_freep) struct registry *r = NULL;

		CHECK_INT(registry_new(&o, &r, &x.err), E_INPUT);
	}
}

static void *fire(void *token)
{
	struct timespec t = {.tv_nsec = 50000000};

	nanosleep(&t, NULL);
	cancel_fire(token);
	return NULL;
}

/* In the wait of a request, and in the wait between two. */
TEST(waiting_is_cancelled)
{
	static const struct fake_registry_fault faults[] = {
		{"PATCH", 1, REGISTRY_SILENT, .n = 0},
		{"HEAD", 1, REGISTRY_STATUS, .status = 429, .headers = "Retry-After: 60\r\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		_cleanup_fixture_ struct fixture x = {.server.faults = {faults[i]}};
		struct cancel c;
		pthread_t thread;
		int64_t before = clock_ms();

		start(&x);
		REQUIRE_OK(cancel_init(&c, &x.err), &x.err);
		x.cancel = &c;
		REQUIRE(pthread_create(&thread, NULL, fire, &c) == 0);
		CHECK_INT(push(&x), E_CANCEL);
		pthread_join(thread, NULL);
		cancel_release(&c);
		CHECK(clock_ms() - before < 20000);
	}
}

TEST(silence_is_survived)
{
	_cleanup_fixture_ struct fixture x = {.server.faults = {{"PATCH", 2, REGISTRY_SILENT,
								 .n = 0}},
					      .stall_ms = 300};

	start(&x);
	check_pushed(&x);
}

TEST_MAIN()
