/*
 * `Scheme name=value, name="value", Scheme …`: a comma stands between
 * parameters as well as between challenges, so a word is a parameter only
 * when `=` follows it.
 */
#include "protocol/oci/challenge.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>

enum { CHALLENGE_MAX = 8192 };

void challenge_release(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	*c = (struct challenge){0};
}

static int malformed(struct err *err)
{
	return err_set(err, E_PROTO, "the registry's WWW-Authenticate header cannot be read");
}

/* RFC 9110 §5.6.2; base64 credentials (token68) use a few characters more. */
static size_t token_length(const char *s)
{
	size_t n = 0;

	while (str_is_alpha(s[n]) || str_is_digit(s[n]) ||
	       (s[n] && strchr("!#$%&'*+-.^_`|~/", s[n])))
		n++;
	return n;
}

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t");
}

/* A quoted string or a token at *p, which moves behind it; the caller frees. */
static int take_value(const char **p, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	const char *s = *p;

	buf_init(&b, CHALLENGE_MAX);
	if (*s != '"') {
		buf_put(&b, s, token_length(s));
		s += token_length(s);
	} else {
		for (s++; *s && *s != '"'; s++) {
			if (*s == '\\' && s[1])
				s++;
			buf_put_u8(&b, (unsigned char)*s);
		}
		if (*s++ != '"')
			return malformed(err);
	}
	*p = s;
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}

/* `name = value` of the scheme being read. */
static int take_parameter(struct challenge *c, bool bearer, const char *name, size_t n,
			  const char **p, struct err *err)
{
	struct {
		const char *name;
		char **dst;
	} known[] = {{"realm", &c->realm}, {"service", &c->service}, {"scope", &c->scope}};
	_cleanup_free_ char *key = str_ndup(name, n);
	_cleanup_free_ char *value = NULL;
	int r = key ? take_value(p, &value, err) : err_nomem(err);

	for (size_t i = 0; r == 0 && bearer && i < ARRAY_LEN(known); i++) {
		if (!str_eq_ci(key, known[i].name))
			continue;
		free(*known[i].dst);
		*known[i].dst = TAKE(value);
		break;
	}
	return r;
}

int challenge_parse(const char *text, struct challenge *c, struct err *err)
{
	bool bearer = false, any = false;

	if (strnlen(text, CHALLENGE_MAX) == CHALLENGE_MAX)
		return malformed(err);
	for (const char *p = skip_space(text); *p;) {
		size_t n = token_length(p);
		const char *after = skip_space(p + n);

		if (*p == ',') {
			p = skip_space(p + 1);
			continue;
		}
		if (n == 0)
			return malformed(err);
		if (*after == '=' && any) {
			const char *name = p;

			p = skip_space(after + 1);
			if (take_parameter(c, bearer, name, n, &p, err) < 0)
				return err->code;
		} else if (*after == '=') {
			return malformed(err);
		} else {
			bearer = n == strlen("Bearer") && str_starts_ci(p, "Bearer");
			c->bearer |= bearer;
			c->basic |= n == strlen("Basic") && str_starts_ci(p, "Basic");
			any = true;
			p = after;
			continue;
		}
		p = skip_space(p);
	}
	return any ? 0 : malformed(err);
}
