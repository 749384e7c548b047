/*
 * Settings: $XDG_CONFIG_HOME/splice-kernel/config (ini), and for each of them
 * the environment variable SPLICE_ plus the setting's name in upper case,
 * which wins.  A setting in a section is named `section.key` in the file and
 * SPLICE_SECTION_KEY in the environment.  Read once; unknown settings are
 * reported by config_load in a warning text, not refused.
 *
 * docs/CONFIGURATION.md lists them; config_settings is the table it follows.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

struct config_setting {
	const char *name;     /* "spark.memory" */
	const char *fallback; /* value when not set; may be NULL */
	const char *help;     /* one line */
};

extern const struct config_setting config_settings[]; /* ends with a NULL name */

/* A missing file is an empty one.  E_INPUT with the line for a file that does not parse. */
int config_load(struct config **ret, struct err *err) _must_check_;
void config_free(struct config *c);
CLEANUP_DEFINE(struct config *, config_free)

/* Borrowed, valid as long as c; the fallback of the table, or NULL, when not set. */
const char *config_get(const struct config *c, const char *name);
int config_get_i64(const struct config *c, const char *name, int64_t *ret,
		   struct err *err) _must_check_;
int config_get_bool(const struct config *c, const char *name, bool *ret,
		    struct err *err) _must_check_;

/*
 * Call fn for each key of a section whose keys are free (such as `bucket.NAME`
 * or `spark.conf.…`): name is the part behind the prefix.
 */
typedef void config_each_fn(const char *name, const char *value, void *userdata);
void config_each(const struct config *c, const char *prefix, config_each_fn *fn, void *userdata);

/* Names in the file that no setting has, joined by ", "; NULL when there are none.  Borrowed. */
const char *config_unknown(const struct config *c);

#endif
