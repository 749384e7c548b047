/*
 * AWS's shared files: sections of `key = value` lines.  Indented lines below
 * a key are its nested settings ("s3 =" and so on) and are passed over.
 */
#include "protocol/aws/profile.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>

static const char *const key_names[PROFILE_KEYS] = {
	[PROFILE_ACCESS_KEY] = "aws_access_key_id",
	[PROFILE_SECRET_KEY] = "aws_secret_access_key",
	[PROFILE_SESSION_TOKEN] = "aws_session_token",
	[PROFILE_REGION] = "region",
	[PROFILE_ENDPOINT_URL] = "endpoint_url",
	[PROFILE_ROLE_ARN] = "role_arn",
	[PROFILE_CREDENTIAL_PROCESS] = "credential_process",
	[PROFILE_SSO_SESSION] = "sso_session",
	[PROFILE_SSO_START_URL] = "sso_start_url",
	[PROFILE_SSO_ACCOUNT_ID] = "sso_account_id",
	[PROFILE_CREDENTIAL_SOURCE] = "credential_source",
	[PROFILE_WEB_IDENTITY_TOKEN_FILE] = "web_identity_token_file",
	[PROFILE_LOGIN_SESSION] = "login_session",
};

void profile_release(struct profile *p)
{
	for (size_t i = 0; i < PROFILE_KEYS; i++)
		str_wipe(&p->values[i]);
	p->found = false;
}

const char *profile_key_name(enum profile_key key)
{
	return key_names[key];
}

const char *profile_name(void)
{
	const char *name = getenv("AWS_PROFILE");

	if (!name || !*name)
		name = getenv("AWS_DEFAULT_PROFILE");
	return name && *name ? name : "default";
}

/* Does "[…]" (the brackets' inside, trimmed, writable) open the profile called name? */
static bool is_section(char *inside, const char *name, bool is_config)
{
	size_t n;

	if (str_starts(inside, "profile") && str_is_space(inside[7]) && is_config)
		inside = str_trim(inside + 7);
	else if (is_config && !str_eq(inside, "default"))
		return false;
	n = strlen(inside);
	if (n >= 2 && (*inside == '"' || *inside == '\'') && inside[n - 1] == *inside) {
		inside[n - 1] = '\0';
		inside++;
	}
	return str_eq(inside, name);
}

/* A comment after a value starts with white space and `#` or `;`. */
static void cut_comment(char *value)
{
	for (char *p = value; *p; p++) {
		if (str_is_space(p[0]) && (p[1] == '#' || p[1] == ';')) {
			*p = '\0';
			return;
		}
	}
}

static int take_setting(char *line, struct profile *p, struct err *err)
{
	char *eq = strchr(line, '=');
	char *key, *value;

	if (!eq)
		return 0;
	*eq = '\0';
	key = str_trim(line);
	cut_comment(eq + 1);
	value = str_trim(eq + 1);
	for (size_t i = 0; i < PROFILE_KEYS; i++) {
		if (!str_eq_ci(key, key_names[i]))
			continue;
		str_wipe(&p->values[i]);
		return *value ? str_replace(&p->values[i], value, err) : 0;
	}
	return 0;
}

static int take_line(char *line, const char *name, bool is_config, bool *inside, struct profile *p,
		     struct err *err)
{
	char *end;

	if (str_is_space(*line) || *line == '#' || *line == ';' || !*line)
		return 0;
	if (*line != '[')
		return *inside ? take_setting(line, p, err) : 0;
	end = strchr(line, ']');
	*inside = false;
	if (end) {
		*end = '\0';
		*inside = is_section(str_trim(line + 1), name, is_config);
		p->found |= *inside;
	}
	return 0;
}

int profile_parse(const char *text, size_t n, const char *name, bool is_config, struct profile *p,
		  struct err *err)
{
	const char *end = text + n;
	bool inside = false;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((nl ? nl : end) - text);
		_cleanup_secret_ char *line = str_ndup(text, len);
		int r = line ? take_line(line, name, is_config, &inside, p, err) : err_nomem(err);

		if (r < 0)
			return r;
		text += len + (nl ? 1 : 0);
	}
	return 0;
}

static char *file_path(const char *variable, const char *below_home)
{
	const char *set = getenv(variable);
	const char *home = getenv("HOME");

	if (set && str_starts(set, "~/") && home)
		return str_fmt("%s%s", home, set + 1);
	if (set && *set)
		return str_dup(set);
	return str_fmt("%s/%s", home && *home ? home : "/nonexistent", below_home);
}

static int parse_file(const char *variable, const char *below_home, bool is_config,
		      struct profile *p, struct err *err)
{
	_cleanup_free_ char *path = file_path(variable, below_home);
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	if (!path)
		return err_nomem(err);
	r = fs_read(path, &b, err);
	if (r == E_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	if (r < 0 || b.len == 0)
		return r;
	return profile_parse((const char *)b.data, b.len, profile_name(), is_config, p, err);
}

int profile_load(struct profile *ret, struct err *err)
{
	_cleanup_profile_ struct profile credentials = {0};
	_cleanup_profile_ struct profile config = {0};
	bool keys;
	int r = parse_file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", false, &credentials,
			   err);

	if (r == 0)
		r = parse_file("AWS_CONFIG_FILE", ".aws/config", true, &config, err);
	if (r < 0)
		return r;
	/* Keys and token belong together: all from one file. */
	keys = credentials.values[PROFILE_ACCESS_KEY] || credentials.values[PROFILE_SECRET_KEY];
	*ret = (struct profile){.found = credentials.found || config.found};
	for (size_t i = 0; i < PROFILE_KEYS; i++) {
		bool first = credentials.values[i] || (keys && i <= PROFILE_SESSION_TOKEN);

		ret->values[i] = first ? TAKE(credentials.values[i]) : TAKE(config.values[i]);
	}
	return 0;
}
