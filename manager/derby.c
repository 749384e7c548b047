/*
 * The local database: Apache Derby's network server.
 *
 * Every user of the machine can connect to a loopback port, so the server
 * wants a password: random, made once, kept in derby.properties (0600) in the
 * server's home (0700), where Derby itself reads it.  It never stands on a
 * command line.  The user may add properties to that file.
 */
#include "manager/def.h"

#include "base/fs.h"
#include "base/limits.h"

#include <ctype.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/stat.h>

#define USER "splice"
#define USER_PROPERTY "derby.user." USER "="

static int random_password(char dst[33], struct err *err)
{
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_set_errno(err, E_IO, errno, "getrandom");
	str_hex(dst, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

static int write_properties(const char *path, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	char password[33];
	int r = random_password(password, err);

	if (r < 0)
		return r;
	buf_init(&b, KIB(4));
	buf_printf(&b,
		   "# Made once by splice-manager.  Further Derby properties may be added.\n"
		   "derby.connection.requireAuthentication=true\n"
		   "derby.authentication.provider=BUILTIN\n" USER_PROPERTY "%s\n",
		   password);
	explicit_bzero(password, sizeof(password));
	r = buf_check(&b, path, err);
	return r < 0 ? r : fs_write_atomic(path, b.data, b.len, 0600, err);
}

/* It goes into a URL as it is. */
static bool usable_password(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-._~", s[i]))
			return false;
	return n > 0;
}

static int find_password(const char *text, const char *path, char **ret, struct err *err)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *value = line + strlen(USER_PROPERTY);
		size_t n;

		if (!str_starts(line, USER_PROPERTY))
			continue;
		n = strcspn(value, "\r\n");
		if (!usable_password(value, n))
			break;
		*ret = str_ndup(value, n);
		return *ret ? 0 : err_nomem(err);
	}
	err_set(err, E_INPUT, "%s has no line " USER_PROPERTY "PASSWORD of letters and digits",
		path);
	err_set_hint(err, "put the line back, or remove the file and a new one is made");
	return E_INPUT;
}

static int read_password(const char *path, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	r = fs_read(path, &b, err);
	if (r < 0)
		return r;
	if (chmod(path, 0600) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	buf_put_u8(&b, 0);
	r = buf_check(&b, path, err);
	return r < 0 ? r : find_password((const char *)b.data, path, ret, err);
}

static int prepare(struct service_site *site, struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/derby.properties", site->data);
	_cleanup_free_ char *password = NULL;
	int r;

	if (!path)
		return err_nomem(err);
	if (chmod(site->data, 0700) < 0)
		return err_set_errno(err, E_IO, errno, "%s", site->data);
	r = fs_exists(path) ? 0 : write_properties(path, err);
	if (r == 0)
		r = read_password(path, &password, err);
	if (r == 0)
		r = str_replace(&site->secret, password, err);
	if (password)
		explicit_bzero(password, strlen(password));
	return r;
}

static int no_java(struct err *err, const char *home)
{
	if (home)
		err_set(err, E_NOTFOUND, "JAVA_HOME is %s, where there is no bin/java", home);
	else
		err_set(err, E_NOTFOUND, "the local database needs Java, and there is none");
	err_set_hint(err, "install Java 17 or newer (Debian: apt install openjdk-17-jre-headless), "
			  "or set JAVA_HOME");
	return E_NOTFOUND;
}

static char *java_below(const char *dir, size_t n, const char *name)
{
	char *path = str_fmt("%.*s/%s", (int)n, dir, name);

	if (path && access(path, X_OK) == 0 && !fs_is_dir(path))
		return path;
	free(path);
	return NULL;
}

static int find_java(char **ret, struct err *err)
{
	const char *home = getenv("JAVA_HOME");
	const char *dirs = getenv("PATH");

	if (home && *home) {
		*ret = java_below(home, strlen(home), "bin/java");
		return *ret ? 0 : no_java(err, home);
	}
	for (const char *d = dirs ? dirs : ""; *d; d += strcspn(d, ":"), d += *d == ':') {
		*ret = java_below(d, strcspn(d, ":"), "java");
		if (*ret)
			return 0;
	}
	return no_java(err, /* home= */ NULL);
}

/* What -Xmx takes: digits and k, m or g. */
static int check_memory(const char *value, struct err *err)
{
	size_t digits = strspn(value, "0123456789");

	if (digits > 0 && digits < 10 && value[digits] && strchr("kKmMgG", value[digits]) &&
	    !value[digits + 1])
		return 0;
	err_set(err, E_INPUT, "setting db.memory: \"%.40s\" is not a size", value);
	err_set_hint(err, "write it as 256m or 1g");
	return E_INPUT;
}

static int class_path(char **ret, struct err *err)
{
	_cleanup_free_ char *dir = NULL;
	int r = fs_place(PLACE_LIB, "jars/derby", &dir, err);

	if (r < 0)
		return r;
	if (!fs_is_dir(dir)) {
		r = err_set(err, E_NOTFOUND, "Derby is not installed: there is no folder %s", dir);
		err_set_hint(err, "run install.sh, or set SPLICE_LIB_DIR");
		return r;
	}
	*ret = str_fmt("%s/*", dir);
	return *ret ? 0 : err_nomem(err);
}

static int derby_log_option(char **ret, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = fs_place(PLACE_STATE, "logs/derby.log", &path, err);

	if (r == 0)
		*ret = str_fmt("-Dderby.stream.error.file=%s", path);
	return r == 0 && !*ret ? err_nomem(err) : r;
}

/* Adds all; items that a failed str_fmt left NULL are E_NOMEM. */
static int add_all(struct strv *v, char *const *items, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = items[i] ? strv_add(v, items[i], err) : err_nomem(err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int command(const struct service_site *site, struct strv *argv, struct strv *env,
		   struct err *err)
{
	const char *memory = config_get(site->config, "db.memory");
	_cleanup_free_ char *java = NULL;
	_cleanup_free_ char *jars = NULL;
	_cleanup_free_ char *log = NULL;
	_cleanup_free_ char *heap = str_fmt("-Xmx%s", memory);
	_cleanup_free_ char *home = str_fmt("-Dderby.system.home=%s", site->data);
	_cleanup_free_ char *port = str_fmt("%d", site->port);
	int r = check_memory(memory, err);

	(void)env;
	if (r == 0)
		r = find_java(&java, err);
	if (r == 0)
		r = class_path(&jars, err);
	if (r == 0)
		r = derby_log_option(&log, err);
	if (r < 0)
		return r;

	char *items[] = {
		java,
		heap,
		(char[]){"-XX:+UseSerialGC"},
		home,
		log,
		(char[]){"-cp"},
		jars,
		(char[]){"org.apache.derby.drda.NetworkServerControl"},
		(char[]){"start"},
		(char[]){"-h"},
		(char[]){"127.0.0.1"},
		(char[]){"-p"},
		port,
	};

	return add_all(argv, items, ARRAY_LEN(items), err);
}

/*
 * DDM: a request DSS (DSSHDR: length, D0, type 1, correlation 1) with an
 * EXCSAT (1041) without parameters; any DRDA server answers EXCSATRD (1443).
 */
static void ask(const struct service_site *site, struct buf *b)
{
	static const uint8_t excsat[] = {0, 10, 0xd0, 1, 0, 1, 0, 4, 0x10, 0x41};

	(void)site;
	buf_put(b, excsat, sizeof(excsat));
}

static bool answers(const uint8_t *reply, size_t n)
{
	return n >= 10 && reply[2] == 0xd0 && reply[8] == 0x14 && reply[9] == 0x43;
}

static void put_text(struct buf *b, const char *s)
{
	buf_put_be16(b, (unsigned)strlen(s));
	buf_put_str(b, s);
}

/*
 * What `NetworkServerControl shutdown -user … -password …` sends, without its
 * showing the password to ps: "CMD:", version 2, no locale, no code set,
 * command 1, user, password.
 */
static void farewell(const struct service_site *site, struct buf *b)
{
	static const uint8_t shutdown[] = {'C', 'M', 'D', ':', 0, 2, 0, 0, 1};

	buf_put(b, shutdown, sizeof(shutdown));
	put_text(b, USER);
	put_text(b, site->secret ? site->secret : "");
}

static char *url(const struct service_site *site)
{
	return str_fmt("derby://" USER ":%s@127.0.0.1:%d/splicedb;create=true", site->secret,
		       site->port);
}

const struct service_def derby_def = {
	.name = "database",
	.title = "the local Derby server",
	.port_setting = "db.port",
	.advice = "`splice-manager logs database` shows more; Derby needs Java 17 or newer",
	.start_ms = 60000,
	.stop_ms = 5000,
	.prepare = prepare,
	.command = command,
	.ask = ask,
	.answers = answers,
	.farewell = farewell,
	.url = url,
};
