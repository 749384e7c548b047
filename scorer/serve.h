/* The command `serve`: a server until SIGTERM. */
#ifndef SCORER_SERVE_H
#define SCORER_SERVE_H

#include "base/cleanup.h"
#include "base/err.h"

int serve_run(char *const *words, struct err *err) _must_check_;

#endif
