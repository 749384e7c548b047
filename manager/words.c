/* Command lines of deployments. */
#include "manager/words.h"

#include "base/str.h"

static const struct {
	const char *name;
	const char *member;
	bool flag; /* has no value: the member is true */
} options[] = {
	{"--run", "run_id", false},
	{"--experiment", "experiment_id", false},
	{"--app", "app_name", false},
	{"--target", "target", false},
	{"--region", "region", false},
	{"--mode", "mode", false},
	{"--instance-count", "instance_count", false},
	{"--instance-type", "instance_type", false},
	{"--weight", "weight", false},
	{"--archive", "archive", true},
	{"--variant", "variant", false},
};

static int set(json_t *j, const char *member, const char *word, json_t *value, struct err *err)
{
	if (json_object_get(j, member)) {
		json_decref(value);
		return err_set(err, E_USAGE, "%s is said twice", word);
	}
	return json_object_set_new(j, member, value) < 0 ? err_nomem(err) : 0;
}

/* The words used: 1 or 2. */
static int take_option(char *const *words, json_t *j, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		int r;

		if (!str_eq(options[i].name, words[0]))
			continue;
		if (!options[i].flag && !words[1])
			return err_set(err, E_USAGE, "%s what?", words[0]);
		r = set(j, options[i].member, words[0],
			options[i].flag ? json_true() : json_strz(words[1]), err);
		return r < 0 ? r : options[i].flag ? 1 : 2;
	}
	return err_set(err, E_USAGE, "there is no option %.40s", words[0]);
}

int words_parse(char *const *words, const char *const *places, json_t **ret, struct err *err)
{
	json_auto_t *j = json_object();
	int used = j ? 0 : err_nomem(err);

	for (; used >= 0 && *words; words += used) {
		if (str_starts(*words, "--")) {
			used = take_option(words, j, err);
		} else if (*places) {
			int r = set(j, *places++, *words, json_strz(*words), err);

			used = r < 0 ? r : 1;
		} else {
			used = err_set(err, E_USAGE, "\"%.40s\" is one word too many", *words);
		}
	}
	if (used < 0)
		return used;
	*ret = TAKE(j);
	return 0;
}
