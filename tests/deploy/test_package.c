/* deploy/package.c: runs of a scripted tracking server */
#include "deploy/package.h"

#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/fake_http.h"

/* What the server has: the run's stage, its root folder, its folder splice/, and contents. */
struct site {
	struct fake_http *server;
	struct mlflow *m;
	const char *stage;
	const char *root, *splice; /* lists of files */
	const char *mlmodel, *unsupported;
	char run[8], experiment[8];
	struct request q; /* with these two */
};

#define DIR(name) "{\"path\":\"" name "\",\"is_dir\":true}"
#define ONE(name) "{\"path\":\"" name "\",\"is_dir\":false,\"file_size\":7}"

static void put_content(const struct site *x, const char *target, struct fake_reply *reply)
{
	const char *body = NULL;

	if (strstr(target, "MLmodel"))
		body = x->mlmodel;
	else if (strstr(target, "unsupported.json"))
		body = x->unsupported;
	else if (strstr(target, "model.json"))
		body = "{\"m\":1}";
	else if (strstr(target, "sample.json"))
		body = "{\"s\":1}";
	if (!body)
		reply->status = 404;
	buf_put_str(&reply->body, body ? body : "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\"}");
}

static void answer(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	const struct site *x = userdata;

	if (strstr(req->target, "artifacts/list?path=splice")) {
		buf_printf(&reply->body, "{\"files\":[%s]}", x->splice);
	} else if (strstr(req->target, "artifacts/list")) {
		buf_printf(&reply->body, "{\"files\":[%s]}", x->root);
	} else if (strstr(req->target, "mlflow-artifacts")) {
		put_content(x, req->target, reply);
	} else if (strstr(req->target, "run_id=gone")) {
		reply->status = 404;
		buf_put_str(&reply->body, "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\","
					  "\"message\":\"no\"}");
	} else {
		buf_printf(&reply->body,
			   "{\"run\":{\"info\":{\"run_id\":\"r1\",\"run_name\":\"n\","
			   "\"experiment_id\":\"2\",\"status\":\"FINISHED\","
			   "\"artifact_uri\":\"mlflow-artifacts:/2/r1/artifacts\","
			   "\"lifecycle_stage\":\"%s\"}}}",
			   x->stage);
	}
}

static void start(struct site *x)
{
	struct err err = ERR_INIT;

	x->stage = "active";
	x->root = DIR("spark_model") "," DIR("splice");
	x->splice = ONE("splice/model.json") "," ONE("splice/sample.json");
	snprintf(x->run, sizeof(x->run), "r1");
	x->q = (struct request){.run_id = x->run, .experiment_id = x->experiment};
	x->server = fake_http_start(answer, x);
	if (!x->server || mlflow_new(fake_http_url(x->server), &x->m, &err) < 0)
		abort();
}

static void stop(struct site *x)
{
	mlflow_free(x->m);
	fake_http_stop(x->server);
}

static void check_refused(struct site *x, int code, const char *text)
{
	_cleanup_package_info_ struct package_info info = {0};
	struct err err = ERR_INIT;
	int r;

	fake_http_sync(x->server);
	r = package_look(x->m, &x->q, NULL, &info, &err);
	if (r == 0)
		r = package_check_native(&info, &err);
	CHECK_INT(r, code);
	if (!strstr(err.text, text))
		test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", text, err.text);
	CHECK(err.hint[0] != '\0');
}

TEST(a_good_run_is_looked_at_and_fetched)
{
	struct site x = {0};
	_cleanup_package_info_ struct package_info info = {0};
	_cleanup_free_ char *folder = str_fmt("%s/job", test_dir());
	_cleanup_free_ char *model = str_fmt("%s/model.json", folder);
	_cleanup_free_ char *sample = str_fmt("%s/sample.json", folder);
	_cleanup_buf_ struct buf b = {0};
	struct err err = ERR_INIT;
	int64_t bytes = 0;

	start(&x);
	CHECK_OK(package_look(x.m, &x.q, NULL, &info, &err), &err);
	CHECK_OK(package_check_native(&info, &err), &err);
	CHECK_STR(info.run_id, "r1");
	CHECK_STR(info.experiment_id, "2");
	CHECK_INT(info.model_bytes, 7);
	for (int i = 0; i < 2; i++) /* and once more, over what is there */
		CHECK_OK(package_fetch(x.m, &info, folder, NULL, &bytes, &err), &err);
	CHECK_INT(bytes, 14);
	buf_init(&b, 100);
	CHECK_OK(fs_read(model, &b, &err), &err);
	CHECK_MEM(b.data, b.len, "{\"m\":1}", (size_t)7);
	CHECK(fs_exists(sample));
	stop(&x);
}

TEST(what_is_wrong_with_a_run_is_said)
{
	struct site x = {0};

	start(&x);
	snprintf(x.experiment, sizeof(x.experiment), "3");
	check_refused(&x, E_INPUT, "run r1 belongs to experiment 2, not 3");
	snprintf(x.experiment, sizeof(x.experiment), "2");
	x.stage = "deleted";
	check_refused(&x, E_INPUT, "run r1 is deleted");
	x.stage = "active";
	snprintf(x.run, sizeof(x.run), "gone");
	check_refused(&x, E_NOTFOUND, "there is no run gone at http://127.0.0.1:");
	snprintf(x.run, sizeof(x.run), "r1");
	x.root = ONE("a.txt");
	check_refused(&x, E_NOTFOUND, "run r1 has no model");
	stop(&x);
}

TEST(stages_and_flavours_are_named)
{
	struct site x = {0};

	start(&x);
	x.splice = ONE("splice/unsupported.json");
	x.unsupported = "{\"stages\":[{\"kind\":\"Word2Vec\",\"uid\":\"w1\",\"reason\":\"no\"},"
			"{\"kind\":\"ALS\",\"uid\":\"a1\"}]}";
	check_refused(&x, E_UNSUPPORTED, "Word2Vec (w1): no; ALS (a1): not known");
	x.unsupported = "{}";
	check_refused(&x, E_UNSUPPORTED, "does not say which");
	x.unsupported = "{";
	{
		_cleanup_package_info_ struct package_info info = {0};
		struct err err = ERR_INIT;

		fake_http_sync(x.server);
		CHECK_INT(package_look(x.m, &x.q, NULL, &info, &err), E_PROTO);
	}
	x.splice = "";
	check_refused(&x, E_NOTFOUND, "was logged without splice/model.json");
	x.root = DIR("model");
	x.mlmodel = "artifact_path: model\nflavors:\n  python_function:\n    env: x\n  xgboost:\n"
		    "    data: y\n";
	check_refused(&x, E_UNSUPPORTED, "a model of flavour xgboost in \"model\"");
	stop(&x);
}

TEST_MAIN()
