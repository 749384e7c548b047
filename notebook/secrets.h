/*
 * Secrets in the text of cells: what is kept with a run must not hold them.
 *
 * Found by their surroundings, in any of the notebook's languages: the
 * password of a URL, the value of what is named password, secret, token or
 * the like, and the arguments of the procedures that set passwords.
 */
#ifndef NOTEBOOK_SECRETS_H
#define NOTEBOOK_SECRETS_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A copy in which *** stands for each secret; *ret_hidden tells whether there was one. */
int secrets_hide(const char *text, size_t n, char **ret, bool *ret_hidden,
		 struct err *err) _must_check_;

#endif
