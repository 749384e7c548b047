/* protocol/jupyter/connection.c */
#include "protocol/jupyter/connection.h"

#include "base/str.h"
#include "tests/harness.h"

#define PORTS "\"shell_port\":1,\"iopub_port\":2,\"stdin_port\":3,\"control_port\":4,\"hb_port\":5"

static int parse(const char *text, struct jupyter_connection *c, struct err *err)
{
	return jupyter_connection_parse(text, strlen(text), c, err);
}

TEST(endpoints_of_both_transports)
{
	struct jupyter_connection c = {0};
	struct err err = ERR_INIT;
	char *s;

	REQUIRE_OK(parse("{" PORTS ",\"transport\":\"tcp\",\"ip\":\"127.0.0.1\",\"key\":\"k\","
			 "\"new_member\":[1]}",
			 &c, &err),
		   &err);
	s = jupyter_connection_endpoint(&c, JUPYTER_CONTROL);
	CHECK_STR(s, "tcp://127.0.0.1:4");
	free(s);
	c.ports[JUPYTER_CONTROL] = 0;
	s = jupyter_connection_endpoint(&c, JUPYTER_CONTROL);
	CHECK_STR(s, "tcp://127.0.0.1:*");
	free(s);
	jupyter_connection_release(&c);
	REQUIRE_OK(parse("{" PORTS ",\"transport\":\"ipc\",\"ip\":\"/tmp/x\"}", &c, &err), &err);
	s = jupyter_connection_endpoint(&c, JUPYTER_HB);
	CHECK_STR(s, "ipc:///tmp/x-5");
	free(s);
	jupyter_connection_release(&c);
}

TEST(faults_are_named)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\"shell_port\":1}", "iopub_port is missing"},
		{"{\"shell_port\":70000}", "shell_port is not a port"},
		{"[]", "it holds no JSON object"},
		{"{" PORTS ",\"key\":123}", "key is not a text"},
		{"{" PORTS ",\"key\":null}", "key is not a text"},
		{"{" PORTS ",\"ip\":[]}", "ip is not a text"},
		{"{" PORTS ",\"curve_publickey\":\"a\",\"curve_secretkey\":\"b\"}",
		 "encryption (curve_secretkey) is asked for"},
		{"{" PORTS ",\"transport\":\"udp\"}", "transport \"udp\" is neither tcp nor ipc"},
		{"{" PORTS ",\"key\":\"k\",\"signature_scheme\":\"hmac-md5\"}",
		 "signature_scheme \"hmac-md5\" is not hmac-sha256"},
	};
	struct jupyter_connection c = {0};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK(parse(cases[i].text, &c, &err) < 0);
		CHECK_STR(err.text, cases[i].message);
		CHECK(c.key == NULL);
	}
}

TEST(written_file_reads_back)
{
	struct jupyter_connection a = {0}, b = {0};
	_cleanup_free_ char *file = str_fmt("%s/c.json", test_dir());
	struct err err = ERR_INIT;

	REQUIRE_OK(parse("{" PORTS ",\"key\":\"k\"}", &a, &err), &err);
	REQUIRE_OK(jupyter_connection_write(file, &a, &err), &err);
	REQUIRE_OK(jupyter_connection_read(file, &b, &err), &err);
	CHECK_STR(b.key, "k");
	CHECK_INT(b.ports[JUPYTER_HB], 5);
	jupyter_connection_release(&a);
	jupyter_connection_release(&b);
	CHECK_INT(jupyter_connection_read("/nonexistent", &b, &err), E_NOTFOUND);
}

TEST_MAIN()
