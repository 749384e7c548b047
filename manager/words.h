/*
 * The words of a command as a request's members (deploy/request.h): some by
 * their place, the others as `--name VALUE`.
 */
#ifndef MANAGER_WORDS_H
#define MANAGER_WORDS_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"

/* *ret is a new object; places names the members of the first words and ends with NULL.  E_USAGE.
 */
int words_parse(char *const *words, const char *const *places, json_t **ret,
		struct err *err) _must_check_;

#endif
