/* protocol/aws/credentials.c: the chain, with a scripted metadata service */
#include "protocol/aws/credentials.h"

#include "base/fs.h"
#include "base/str.h"

#include "tests/harness.h"
#include "tests/servers/fake_http.h"

#define KEYS                                                                                       \
	"{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"SK\",\"Token\":\"T\","                      \
	"\"Expiration\":\"2030-01-01T00:00:00Z\"}"

static const char *const variables[] = {"AWS_ACCESS_KEY_ID",
					"AWS_SECRET_ACCESS_KEY",
					"AWS_SESSION_TOKEN",
					"AWS_PROFILE",
					"AWS_DEFAULT_PROFILE",
					"AWS_REGION",
					"AWS_DEFAULT_REGION",
					"AWS_ENDPOINT_URL",
					"AWS_ENDPOINT_URL_S3",
					"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
					"AWS_CONTAINER_CREDENTIALS_FULL_URI",
					"AWS_CONTAINER_AUTHORIZATION_TOKEN",
					"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
					"AWS_EC2_METADATA_SERVICE_ENDPOINT",
					"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
					"AWS_WEB_IDENTITY_TOKEN_FILE"};

static const char *dir;

/* No AWS variable, and a profile file with this text. */
static void clean(const char *config)
{
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	dir = test_dir();
	path = str_fmt("%s/config", dir);
	CHECK_OK(fs_write_atomic(path, config, strlen(config), 0600, &err), &err);
	setenv("AWS_CONFIG_FILE", path, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static int find(struct aws_credentials *c, struct err *err)
{
	err_clear(err);
	return aws_credentials_find(0, NULL, c, err);
}

TEST(environment_comes_first_and_must_be_whole)
{
	_cleanup_credentials_ struct aws_credentials c = {0};
	struct err err = ERR_INIT;

	clean("[default]\naws_access_key_id=P\naws_secret_access_key=Q\n");
	setenv("AWS_ACCESS_KEY_ID", "A", 1);
	CHECK_INT(find(&c, &err), E_INPUT);
	CHECK_STR(err.text, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
	setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
	REQUIRE_OK(find(&c, &err), &err);
	CHECK_STR(c.access_key, "A");
	CHECK_STR(c.session_token, NULL);
	CHECK_STR(c.source, "environment");
	setenv("AWS_SECRET_ACCESS_KEY", "S\r\nX: y", 1);
	CHECK_INT(find(&c, &err), E_INPUT);
	CHECK(!strstr(err.text, "X: y"));
}

TEST(nothing_anywhere_is_its_own_outcome)
{
	_cleanup_credentials_ struct aws_credentials c = {0};
	struct err err = ERR_INIT;

	clean("[default]\nregion=x\n");
	CHECK_INT(find(&c, &err), E_NOTFOUND);
	CHECK(strstr(err.hint, "aws configure"));
}

TEST(profiles_that_cannot_be_used_are_not_nothing)
{
	static const struct {
		const char *profile, *config;
		int code;
		const char *says;
	} cases[] = {
		{"gone", "[default]\n", E_INPUT, "no AWS profile named gone"},
		{NULL, "[default]\naws_access_key_id=P\n", E_INPUT, "aws_secret_access_key"},
		{"r", "[profile r]\nrole_arn=x\n", E_UNSUPPORTED, "role_arn"},
		{"r", "[profile r]\nsso_session=x\n", E_UNSUPPORTED, "sso_session"},
		{"r", "[profile r]\ncredential_process=x\n", E_UNSUPPORTED, "credential_process"},
		{"r", "[profile r]\nregion=x\n", E_NOTFOUND, "no AWS credentials"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_credentials_ struct aws_credentials c = {0};
		struct err err = ERR_INIT;

		clean(cases[i].config);
		if (cases[i].profile)
			setenv("AWS_PROFILE", cases[i].profile, 1);
		CHECK_INT(find(&c, &err), cases[i].code);
		CHECK(strstr(err.text, cases[i].says));
	}
	clean("");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/x", 1);
	_cleanup_credentials_ struct aws_credentials c = {0};
	struct err err = ERR_INIT;

	CHECK_INT(find(&c, &err), E_UNSUPPORTED);
}

/* A metadata service: refuses what IMDSv2 refuses. */
static void metadata(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	const char *body = NULL;

	(void)userdata;
	if (str_eq(req->method, "PUT") && str_eq(req->target, "/latest/api/token"))
		body = str_find_ci(req->headers, "x-aws-ec2-metadata-token-ttl-seconds: 21600")
			       ? "tok"
			       : NULL;
	else if (!str_find_ci(req->headers, "x-aws-ec2-metadata-token: tok"))
		reply->status = 401;
	else if (str_eq(req->target, "/latest/meta-data/iam/security-credentials/"))
		body = "my-role\n";
	else if (str_eq(req->target, "/latest/meta-data/iam/security-credentials/my-role"))
		body = KEYS;
	if (body)
		buf_put_str(&reply->body, body);
	else if (!reply->status)
		reply->status = 400;
}

TEST(instance_hands_out_short_lived_keys)
{
	_cleanup_credentials_ struct aws_credentials c = {0};
	struct fake_http *server = fake_http_start(metadata, NULL);
	struct err err = ERR_INIT;

	clean("");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", fake_http_url(server), 1);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	CHECK_INT(find(&c, &err), E_NOTFOUND);
	CHECK_INT(fake_http_requests(server), 0); /* disabled */
	unsetenv("AWS_EC2_METADATA_DISABLED");
	CHECK_INT(aws_credentials_find(AWS_FIND_NO_INSTANCE, NULL, &c, &err), E_NOTFOUND);
	REQUIRE_OK(find(&c, &err), &err);
	unsetenv("http_proxy");
	CHECK_STR(c.access_key, "AK");
	CHECK_STR(c.secret_key, "SK");
	CHECK_STR(c.session_token, "T");
	CHECK_STR(c.source, "instance");
	CHECK_INT(c.expires, 1893456000);
	fake_http_stop(server);
	CHECK_INT(find(&c, &err), E_NOTFOUND);
}

static void container(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	const char *body = userdata;

	if (!str_find_ci(req->headers, "Authorization: secret\n"))
		reply->status = 403;
	else
		buf_put_str(&reply->body, body);
}

static int from_container(const char *body, const char *token, struct aws_credentials *c,
			  struct err *err)
{
	struct fake_http *server = fake_http_start(container, (void *)body);
	_cleanup_free_ char *url = str_fmt("%s/creds", fake_http_url(server));
	_cleanup_free_ char *file = NULL;
	int r;

	clean("");
	file = str_fmt("%s/token", dir);
	CHECK_OK(fs_write_atomic(file, token, strlen(token), 0600, err), err);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file, 1);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	r = find(c, err);
	fake_http_stop(server);
	return r;
}

TEST(container_that_fails_is_not_nothing)
{
	_cleanup_credentials_ struct aws_credentials c = {0};
	struct err err = ERR_INIT;

	CHECK_INT(from_container(KEYS, "wrong", &c, &err), E_SERVER);
	CHECK_INT(from_container("{}", "secret", &c, &err), E_PROTO);
	CHECK_INT(from_container("{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\","
				 "\"Expiration\":\"soon\"}",
				 "secret", &c, &err),
		  E_PROTO);
	REQUIRE_OK(from_container(KEYS, "secret\n", &c, &err), &err);
	CHECK_STR(c.source, "container");
	CHECK_STR(c.session_token, "T");
}

TEST(container_keys_do_not_travel_in_clear)
{
	static const char *const refused[] = {"http://example.com/x", "ftp://localhost/",
					      "http://127.0.0.1.example.com/",
					      "http://localhost@h/"};

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		_cleanup_credentials_ struct aws_credentials c = {0};
		struct err err = ERR_INIT;

		clean("");
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i], 1);
		CHECK_INT(find(&c, &err), E_INPUT);
	}
}

static void check_region(const char *expected)
{
	_cleanup_free_ char *region = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(aws_region(&region, &err), &err);
	CHECK_STR(region, expected);
}

static void check_endpoint(const char *expected)
{
	_cleanup_free_ char *endpoint = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(aws_endpoint("S3", &endpoint, &err), &err);
	CHECK_STR(endpoint, expected);
}

TEST(region_and_endpoint)
{
	clean("");
	check_region("us-east-1");
	check_endpoint(NULL);
	clean("[default]\nregion=r\nendpoint_url=http://e\n");
	check_region("r");
	check_endpoint("http://e");
	setenv("AWS_DEFAULT_REGION", "d", 1);
	check_region("d");
	setenv("AWS_REGION", "a", 1);
	check_region("a");
	setenv("AWS_ENDPOINT_URL", "http://all", 1);
	check_endpoint("http://all");
	setenv("AWS_ENDPOINT_URL_S3", "http://s3", 1);
	check_endpoint("http://s3");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	check_endpoint(NULL);
}

TEST_MAIN()
