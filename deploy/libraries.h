/*
 * What a dynamically linked program needs beside itself, so that it runs
 * where nothing else is: its loader tells which libraries it would load.
 */
#ifndef DEPLOY_LIBRARIES_H
#define DEPLOY_LIBRARIES_H

#include "base/cancel.h"
#include "base/str.h"

/*
 * Names ("libm.so.6") and files ("/lib/…/libm.so.6") of all libraries of the
 * program, in the loader's order; the two lists have the same length.
 * E_NOTFOUND, naming it, for one that is missing; E_UNSUPPORTED when the
 * loader does not run on this machine.
 */
int libraries_find(const char *program, const char *loader, struct cancel *cancel,
		   struct strv *ret_names, struct strv *ret_files, struct err *err) _must_check_;

/* The same from the loader's own words; pure. */
int libraries_parse(const char *text, struct strv *ret_names, struct strv *ret_files,
		    struct err *err) _must_check_;

#endif
