/* What a registry's error codes mean here. */
#include "protocol/oci/registry-error.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"

enum { MESSAGE_MAX = 500 };

static const struct meaning {
	const char *code; /* NULL: any other code with this status */
	int status;       /* 0: any */
	int result;
	const char *hint;
} meanings[] = {
	{"NAME_UNKNOWN", 0, E_NOTFOUND, "make the repository first, or check its name"},
	{"MANIFEST_UNKNOWN", 0, E_NOTFOUND, "check repository and tag"},
	{"BLOB_UNKNOWN", 0, E_NOTFOUND, "push the image again"},
	{"MANIFEST_BLOB_UNKNOWN", 0, E_SERVER, "push the image again"},
	{"NAME_INVALID", 0, E_INPUT,
	 "a repository's name has lower-case letters, digits, `.`, `_`, `-` and `/`"},
	{"UNAUTHORIZED", 0, E_AUTH, "check the registry's user and password"},
	{"DENIED", 0, E_AUTH, "these credentials may not push there; ask the repository's owner"},
	{"TAG_INVALID", 0, E_EXISTS, "the repository's tags may not be changed; use another tag"},
	{"TOOMANYREQUESTS", 0, E_SERVER, "try again later"},
	{"UNSUPPORTED", 0, E_UNSUPPORTED, "this registry does not take what is needed"},
	{NULL, 401, E_AUTH, "check the registry's user and password"},
	{NULL, 403, E_AUTH, "these credentials may not do this; ask the repository's owner"},
	{NULL, 404, E_NOTFOUND, "check the registry's address and the repository's name"},
	{NULL, 413, E_TOOBIG, "the registry or a proxy in front of it takes no upload this large"},
	{NULL, 0, E_SERVER, "try again later; if it stays, ask who runs the registry"},
};

static const struct meaning *find_meaning(const char *code, int status)
{
	const struct meaning *m = meanings;

	while (!(m->code ? code && str_eq(code, m->code) : m->status == status || !m->status))
		m++;
	return m;
}

int registry_error_tell(int status, const void *body, size_t n, struct err *err)
{
	json_auto_t *j = NULL;
	const json_t *first;
	const char *code, *message;
	const struct meaning *m;

	if (n && json_parse(body, n, "the answer", &j, err) < 0)
		err_clear(err);
	first = json_array_get(json_object_get(j, "errors"), 0);
	code = json_get_str(first, "code", NULL);
	message = json_get_str(first, "message", "the registry refuses");
	m = find_meaning(code, status);
	if (code)
		(void)err_set(err, m->result, "%.*s (%.*s)", MESSAGE_MAX, message, ERR_NAME_MAX - 1,
			      code);
	else
		(void)err_set(err, m->result, "the registry answered with status %d", status);
	if (code)
		err_set_name(err, code);
	err_set_hint(err, "%s", m->hint);
	return m->result;
}
