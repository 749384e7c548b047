/* Words of the command line. */
#include "scorer/args.h"

#include "base/str.h"

static const struct arg *find(const struct arg *args, const char *word)
{
	while (args->name && !str_eq(args->name, word))
		args++;
	return args->name ? args : NULL;
}

int args_parse(char *const *words, const struct arg *args, struct err *err)
{
	for (; *words; words++) {
		const struct arg *a = find(args, *words);

		if (!a)
			return err_set(err, E_USAGE, "\"%.60s\" is not known here", *words);
		if (!*++words)
			return err_set(err, E_USAGE, "%s needs a value", a->name);
		*a->value = *words;
	}
	return 0;
}

int args_number(const char *name, const char *value, int min, int max, int *ret, struct err *err)
{
	int64_t v;

	if (!value)
		return 0;
	if (str_parse_i64(value, &v, /* err= */ NULL) < 0 || v < min || v > max)
		return err_set(err, E_USAGE, "%s is a number from %d to %d, not \"%.40s\"", name,
			       min, max, value);
	*ret = (int)v;
	return 0;
}
