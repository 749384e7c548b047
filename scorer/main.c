/*
 * splice-scorer: a model server for fitted Spark ML pipelines
 * (docs/SCORER.md).  This file reads the command line.
 */
#include "base/str.h"
#include "scorer/commands.h"

#include <stdio.h>

static void print_help(FILE *to)
{
	fprintf(to, "splice-scorer answers predictions of a fitted Spark ML pipeline.\n\n"
		    "usage: splice-scorer COMMAND\n\n");
	for (const struct command *c = commands_all; c->name; c++)
		fprintf(to, "  %s %s\n      %s\n", c->name, c->usage, c->help);
	fprintf(to, "\n  --help, --version\n\n"
		    "serve takes the model /opt/ml/model/model.json and port 8080 unless told\n"
		    "otherwise, also by SPLICE_SCORER_MODEL, SPLICE_SCORER_PORT and\n"
		    "SPLICE_SCORER_HOST.  Exit status: 0 done, 1 failed, 2 wrong usage.\n");
}

static int fail(const struct command *c, const struct err *err)
{
	fprintf(stderr, "splice-scorer: %s\n", err->text);
	if (err->code == E_USAGE)
		fprintf(stderr, "usage: splice-scorer %s %s\n", c->name, c->usage);
	return err->code == E_USAGE ? EXIT_USAGE : EXIT_FAILED;
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

	if (str_eq(word, "--version")) {
		printf("splice-scorer %s\n", SPLICE_VERSION);
		return EXIT_FINE;
	}
	if (str_eq(word, "--help") || str_eq(word, "-h")) {
		print_help(stdout);
		return EXIT_FINE;
	}
	if (!c) {
		if (*word)
			fprintf(stderr, "splice-scorer: there is no command \"%.40s\"\n\n", word);
		print_help(stderr);
		return EXIT_USAGE;
	}
	return c->run(argv + 2, &err) < 0 ? fail(c, &err) : EXIT_FINE;
}
