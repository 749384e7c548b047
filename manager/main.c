/*
 * splice-manager: keeps the local servers for all notebooks of a user, and
 * deploys models.  This file reads the command line; see manager/daemon.h for the
 * program behind it.
 */
#include "base/str.h"
#include "manager/commands.h"

#include <signal.h>
#include <stdio.h>

static void print_help(FILE *to)
{
	fprintf(to,
		"splice-manager keeps the local servers of splice-kernel: Derby, MLflow, the Jobs\n"
		"Tracker and deployed models.  Kernels start it when they need it; it ends by\n"
		"itself when nobody does.\n\n"
		"usage: splice-manager COMMAND\n\n");
	for (const struct command *c = commands_all; c->name; c++)
		fprintf(to, "  %s %s\n      %s\n", c->name, c->usage, c->help);
	fprintf(to,
		"\n  --help, --version\n\n"
		"SERVICE is database, mlflow, jobs or endpoint:APP.  Exit status: 0 done, 1 failed,\n"
		"2 wrong usage, 3 not running (status).\n");
}

static int fail(const struct command *c, const struct err *err)
{
	fprintf(stderr, "splice-manager: %s\n", err->text);
	if (err->hint[0])
		fprintf(stderr, "%s\n", err->hint);
	if (err->code == E_USAGE) {
		fprintf(stderr, "usage: splice-manager %s %s\n", c->name, c->usage);
		return EXIT_USAGE;
	}
	return err->code == E_NOTFOUND ? c->status_of_notfound : EXIT_FAILED;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands_all; c->name; c++)
		if (str_eq(c->name, name))
			return c;
	return NULL;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *c = find_command(word);
	struct err err = ERR_INIT;

	(void)signal(SIGPIPE, SIG_IGN);
	if (str_eq(word, "--version")) {
		printf("splice-manager %s\n", SPLICE_VERSION);
		return EXIT_FINE;
	}
	if (str_eq(word, "--help") || str_eq(word, "-h")) {
		print_help(stdout);
		return EXIT_FINE;
	}
	if (!c) {
		if (*word)
			fprintf(stderr, "splice-manager: there is no command \"%.40s\"\n\n", word);
		print_help(stderr);
		return EXIT_USAGE;
	}
	return c->run(argv + 2, &err) < 0 ? fail(c, &err) : EXIT_FINE;
}
