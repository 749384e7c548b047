/* Who is let in: hosts, origins, tokens, cookies, the value of forms, and what every answer says */
#include "web/session.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/web_fixture.h"

#include <stdio.h>

#define BEARER "Authorization: Bearer " WEB_TOKEN "\r\n"

static int status(const struct web_fixture *f, const char *method, const char *target,
		  const char *headers, const char *body)
{
	_web_answer_ struct web_answer a = web_ask(f, method, target, headers, body);

	return a.status;
}

TEST(other_names_of_this_host_are_refused)
{
	_web_fixture_ struct web_fixture f;

	web_fixture_start(&f);
	CHECK_INT(status(&f, "GET", "/api/jobs", BEARER, NULL), 200);
	CHECK_INT(status(&f, "GET", "/api/jobs", BEARER "Host: localhost\r\n", NULL), 200);
	CHECK_INT(status(&f, "GET", "/api/jobs", BEARER "Host: [::1]:80\r\n", NULL), 200);
	CHECK_INT(status(&f, "GET", "/api/jobs", BEARER "Host: evil.example\r\n", NULL), 421);
	CHECK_INT(status(&f, "GET", "/?token=" WEB_TOKEN, "Host: evil.example\r\n", NULL), 421);
	CHECK_INT(status(&f, "GET", "/static/tracker.js", "Host: evil.example\r\n", NULL), 421);
}

TEST(names_can_be_added)
{
	static const char *const names[] = {"laptop.example", NULL};
	_web_fixture_ struct web_fixture f;

	web_fixture_start_with(&f, (struct web_options){.names = names});
	CHECK_INT(status(&f, "GET", "/api/jobs", BEARER "Host: laptop.example:1\r\n", NULL), 200);
	CHECK_INT(status(&f, "GET", "/api/jobs", BEARER "Host: other.example\r\n", NULL), 421);
}

TEST(a_request_without_a_host_is_refused)
{
	static const char request[] =
		"GET /api/jobs HTTP/1.1\r\nConnection: close\r\n" BEARER "\r\n";
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	a = web_send(&f, request, strlen(request));
	CHECK_INT(a.status, 400);
}

TEST(the_token_opens)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	CHECK_INT(status(&f, "GET", "/", "", NULL), 401);
	CHECK_INT(status(&f, "GET", "/api/jobs", "", NULL), 401);
	CHECK_INT(status(&f, "GET", "/api/jobs", "Authorization: Bearer wrong\r\n", NULL), 401);
	CHECK_INT(status(&f, "GET", "/api/jobs", "Authorization: Bearer \r\n", NULL), 401);
	CHECK_INT(status(&f, "GET", "/api/jobs", "Authorization: " WEB_TOKEN "\r\n", NULL), 401);
	CHECK_INT(status(&f, "GET", "/api/jobs?token=" WEB_TOKEN "x", "", NULL), 401);
	CHECK_INT(status(&f, "GET", "/api/jobs", "authorization: bearer " WEB_TOKEN "\r\n", NULL),
		  200);
	a = web_ask(&f, "GET", "/api/jobs", "", NULL);
	CHECK_STR(web_member(&a, "error.code"), "login");
	CHECK(strstr(web_member(&a, "error.hint"), "splice-manager status") != NULL);
}

TEST(the_token_leaves_the_address)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0};
	char name[40];

	web_fixture_start(&f);
	a = web_ask(&f, "GET", "/deploy?run_id=a%26b&token=" WEB_TOKEN "&x=%3Cy%3E", "", NULL);
	CHECK_INT(a.status, 303);
	REQUIRE(a.head);
	CHECK(strstr(a.head, "\r\nLocation: /deploy?run_id=a%26b&x=%3Cy%3E\r\n") != NULL);
	(void)snprintf(name, sizeof(name), "\r\nSet-Cookie: splice_jobs_%d=", web_port(f.web));
	CHECK(strstr(a.head, name) != NULL);
	CHECK(strstr(a.head, "; HttpOnly; SameSite=Strict") != NULL);
	CHECK(!strstr(a.head, WEB_TOKEN));
	CHECK(!strstr(a.head, "Secure"));
}

/* Browsers keep strict cookies back through a redirect that another site began. */
TEST(a_link_from_another_site_is_led_on)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0}, b = {0};

	web_fixture_start(&f);
	a = web_ask(&f, "GET", "/jobs/1?token=" WEB_TOKEN, "Sec-Fetch-Site: cross-site\r\n", NULL);
	CHECK_INT(a.status, 200);
	CHECK(a.head && strstr(a.head, "Set-Cookie"));
	CHECK(a.body && strstr(a.body, "content=\"0; url=/jobs/1\""));
	b = web_ask(&f, "GET", "/jobs/1", "Sec-Fetch-Site: cross-site\r\n", NULL);
	CHECK(b.head && !strstr(b.head, "Set-Cookie"));
	CHECK(b.body && strstr(b.body, "content=\"0; url=/jobs/1\""));
	CHECK_INT(status(&f, "GET", "/jobs/1", "Sec-Fetch-Site: same-origin\r\n", NULL), 401);
}

TEST(cookies_of_others_do_not_open)
{
	_web_fixture_ struct web_fixture f;
	struct session_key key = {.token = WEB_TOKEN};
	char cookie[SESSION_SIZE], header[300];
	struct err err = ERR_INIT;

	web_fixture_start(&f);
	/* Made by a server at another port with the same token, under our name. */
	key.port = web_port(f.web) + 1;
	CHECK_OK(session_make(&key, 1700000000000, cookie, &err), &err);
	(void)snprintf(header, sizeof(header), "Cookie: splice_jobs_%d=%s\r\n", web_port(f.web),
		       cookie);
	CHECK_INT(status(&f, "GET", "/about", header, NULL), 401);
	(void)snprintf(header, sizeof(header), "Cookie: splice_jobs_%d=%s\r\n", web_port(f.web),
		       WEB_TOKEN);
	CHECK_INT(status(&f, "GET", "/about", header, NULL), 401);
}

TEST(pages_of_others_change_nothing)
{
	static const char *const foreign[] = {
		"Origin: http://evil.example\r\n",
		"Origin: http://127.0.0.1:8888\r\n",
		"Origin: null\r\n",
		"Referer: http://127.0.0.1:8888/notebook\r\n",
		"Sec-Fetch-Site: same-site\r\n",
		"Sec-Fetch-Site: cross-site\r\n",
	};
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	char headers[600];
	int64_t id;
	struct err err = ERR_INIT;
	_cleanup_job_ struct job j = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	id = web_fixture_job(&f, "a");
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		(void)snprintf(headers, sizeof(headers), "%s%sX-CSRF-Token: %s\r\n", b.cookie,
			       foreign[i], b.csrf);
		CHECK_INT(status(&f, "POST", "/jobs/1/cancel", headers, ""), 403);
		CHECK_INT(status(&f, "DELETE", "/api/jobs/1", headers, NULL), 403);
	}
	CHECK_OK(store_job_get(f.store, id, &j, &err), &err);
	CHECK_INT(j.state, JOB_PENDING);
	CHECK_INT(atomic_load(&f.woken), 0);
}

TEST(a_form_needs_its_value)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b, other;
	_web_answer_ struct web_answer ok = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	web_log_in(&f, &other);
	(void)web_fixture_job(&f, "a");
	CHECK_INT(status(&f, "POST", "/jobs/1/cancel", b.cookie, ""), 403);
	memcpy(other.cookie, b.cookie, sizeof(b.cookie));
	{
		_web_answer_ struct web_answer a = web_post(&f, &other, "/jobs/1/cancel", "");

		CHECK_INT(a.status, 403);
		CHECK(a.body && strstr(a.body, "reload the page"));
	}
	CHECK_INT(atomic_load(&f.woken), 0);
	ok = web_post(&f, &b, "/jobs/1/cancel", "");
	CHECK_INT(ok.status, 303);
	CHECK_INT(atomic_load(&f.woken), 1);
}

TEST(scripts_send_it_in_a_header)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	char headers[600];

	web_fixture_start(&f);
	web_log_in(&f, &b);
	(void)web_fixture_job(&f, "a");
	CHECK_INT(status(&f, "POST", "/api/jobs/1/cancel", b.cookie, ""), 403);
	(void)snprintf(headers, sizeof(headers), "%sX-CSRF-Token: %s\r\n", b.cookie, b.csrf);
	CHECK_INT(status(&f, "POST", "/api/jobs/1/cancel", headers, ""), 200);
}

TEST(login_by_form)
{
	static const char type[] = "Content-Type: application/x-www-form-urlencoded\r\n";
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer good = {0}, away = {0};

	web_fixture_start(&f);
	CHECK_INT(status(&f, "POST", "/login", type, "token=wrong&next=%2F"), 401);
	CHECK_INT(status(&f, "POST", "/login", type, ""), 401);
	good = web_ask(&f, "POST", "/login", type, "token=%20" WEB_TOKEN "%0A&next=%2Fjobs%2F1");
	CHECK_INT(good.status, 303);
	CHECK(good.head && strstr(good.head, "\r\nLocation: /jobs/1\r\n"));
	away = web_ask(&f, "POST", "/login", type, "token=" WEB_TOKEN "&next=%2F%2Fevil.example");
	CHECK(away.head && strstr(away.head, "\r\nLocation: /\r\n"));
}

TEST(every_answer_has_the_headers)
{
	static const char *const targets[] = {"/",         "/static/tracker.css",  "/nothing",
					      "/api/jobs", ("/?token=" WEB_TOKEN), "/about"};
	static const char *const wanted[] = {
		"\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; ",
		"frame-ancestors 'none'",
		"\r\nX-Content-Type-Options: nosniff\r\n",
		"\r\nX-Frame-Options: DENY\r\n",
		"\r\nReferrer-Policy: same-origin\r\n",
		"\r\nCross-Origin-Resource-Policy: same-origin\r\n",
		"\r\nCache-Control: no-",
	};
	_web_fixture_ struct web_fixture f;

	web_fixture_start(&f);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		_web_answer_ struct web_answer a = web_ask(&f, "GET", targets[i], "", NULL);

		for (size_t k = 0; k < ARRAY_LEN(wanted); k++)
			if (!a.head || !strstr(a.head, wanted[k]))
				test_fail(__FILE__, __LINE__, "%s: no %s", targets[i], wanted[k]);
	}
}

TEST(addresses_and_methods_that_are_not_there)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0}, b = {0};

	web_fixture_start(&f);
	a = web_api(&f, "GET", "/api/nothing", NULL);
	CHECK_INT(a.status, 404);
	CHECK_STR(web_member(&a, "error.code"), "not_found");
	b = web_api(&f, "PUT", "/api/jobs", "{}");
	CHECK_INT(b.status, 405);
	CHECK(b.head && strstr(b.head, "\r\nAllow: GET, POST\r\n"));
	CHECK_STR(web_member(&b, "error.code"), "method");
	CHECK_INT(status(&f, "GET", "/static/../web.c", "", NULL), 404);
	CHECK_INT(status(&f, "GET", "/static/%2e%2e%2fweb.c", "", NULL), 404);
}

TEST(options_that_cannot_be_used)
{
	struct err err = ERR_INIT;
	struct web *w = NULL;
	_web_fixture_ struct web_fixture f;
	struct web_options o = {.store_path = "/nowhere"};

	web_fixture_start(&f);
	CHECK_INT(web_start(&o, &w, &err), E_INPUT);
	o.token = "short";
	CHECK_INT(web_start(&o, &w, &err), E_INPUT);
	o.token = WEB_TOKEN;
	o.host = "not an address";
	CHECK_INT(web_start(&o, &w, &err), E_INPUT);
	o.host = NULL;
	o.port = web_port(f.web);
	CHECK_INT(web_start(&o, &w, &err), E_EXISTS);
	o.port = 0;
	o.cert = "/nowhere/cert.pem";
	CHECK_INT(web_start(&o, &w, &err), E_INPUT);
	o.key = "/nowhere/key.pem";
	CHECK_INT(web_start(&o, &w, &err), E_NOTFOUND);
	CHECK(w == NULL);
}

TEST_MAIN()
