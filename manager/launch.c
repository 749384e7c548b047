/* From a table entry to a running process. */
#include "manager/launch.h"

#include "base/fs.h"
#include "base/proc.h"
#include "manager/logfile.h"
#include "manager/ports.h"

#include <errno.h>

int site_init(struct service_site *site, const struct service_def *def, struct err *err)
{
	int r;

	*site = (struct service_site){0};
	r = fs_place(PLACE_DATA, def->folder ? def->folder : def->name, &site->data, err);
	if (r == 0)
		r = logfile_path(def->name, &site->log, err);
	if (r < 0)
		site_release(site);
	return r;
}

static void forget_secret(struct service_site *site)
{
	if (site->secret)
		explicit_bzero(site->secret, strlen(site->secret));
	free(site->secret);
	site->secret = NULL;
}

void site_release(struct service_site *site)
{
	config_free(site->config);
	free(site->data);
	free(site->log);
	forget_secret(site);
	*site = (struct service_site){0};
}

char *site_mark(const struct service_site *site, const struct service_def *def)
{
	return str_fmt("SPLICE_SERVICE=%s:%s", def->name, site->data);
}

int managed_mark(char **ret, struct err *err)
{
	_cleanup_free_ char *data = NULL;
	int r = fs_place(PLACE_DATA, /* name= */ NULL, &data, err);

	if (r < 0)
		return r;
	*ret = str_fmt("SPLICE_MANAGED=%s", data);
	return *ret ? 0 : err_nomem(err);
}

/* Read again: a restart is how a changed setting comes to be. */
static int reload_settings(struct service_site *site, struct err *err)
{
	struct config *fresh = NULL;
	int r = config_load(&fresh, err);

	if (r < 0)
		return r;
	config_free(site->config);
	site->config = fresh;
	return 0;
}

static int make_folder(const struct service_site *site, struct err *err)
{
	int r = fs_mkdir_p(site->data, 0700, err);

	if (r == 0 && access(site->data, W_OK | X_OK) < 0)
		r = err_set_errno(err, E_IO, errno, "cannot write to the folder %s", site->data);
	if (r < 0)
		err_set_hint(err, "its owner must be you; XDG_DATA_HOME names another place");
	return r;
}

static int wanted_port(const struct service_def *def, const struct service_site *site, int *ret,
		       struct err *err)
{
	int64_t wanted = site->preferred;
	int r = wanted ? 0 : config_get_i64(site->config, def->port_setting, &wanted, err);

	if (r < 0)
		return r;
	if (wanted < 1 || wanted > 65535)
		return err_set(err, E_INPUT, "setting %s: %lld is no port", def->port_setting,
			       (long long)wanted);
	*ret = (int)wanted;
	return 0;
}

int launch_port(const struct service_def *def, struct service_site *site, int *ret, struct err *err)
{
	int r = site->port ? 0 : reload_settings(site, err);

	if (r < 0)
		return r;
	*ret = site->port;
	return site->port ? 0 : wanted_port(def, site, ret, err);
}

static int pick_port(const struct service_def *def, struct service_site *site, int *ret_wanted,
		     struct err *err)
{
	int got, r = wanted_port(def, site, ret_wanted, err);

	if (r < 0)
		return r;
	if (site->port && ports_pick(site->port, &got, err) == 0 && got == site->port)
		return 0;
	return ports_pick(*ret_wanted, &site->port, err);
}

static int spawn(const struct service_def *def, struct service_site *site, int log_fd, pid_t *ret,
		 struct err *err)
{
	_cleanup_strv_ struct strv argv = {0};
	_cleanup_strv_ struct strv env = {0};
	_cleanup_free_ char *managed = NULL;
	int r = strv_take(&env, site_mark(site, def), err);

	if (r == 0)
		r = managed_mark(&managed, err);
	if (r == 0)
		r = strv_add(&env, managed, err);
	if (r == 0)
		r = def->command(site, &argv, &env, err);
	if (r < 0)
		return r;

	struct proc_options options = {
		.argv = (const char *const *)argv.items,
		.env = (const char *const *)env.items,
		.dir = site->data,
		.out_fd = log_fd,
		.die_with_parent = true,
	};

	return proc_spawn(&options, ret, err);
}

int launch(const struct service_def *def, struct service_site *site, struct launched *ret,
	   struct err *err)
{
	_cleanup_close_ int log_fd = -1;
	struct launched l = {0};
	int r = reload_settings(site, err);

	if (r == 0)
		r = make_folder(site, err);
	if (r == 0) {
		forget_secret(site);
		r = def->prepare(site, err);
	}
	if (r == 0)
		r = pick_port(def, site, &l.wanted_port, err);
	if (r == 0)
		r = logfile_open(site->log, &log_fd, &l.log_start, err);
	if (r == 0)
		r = spawn(def, site, log_fd, &l.pid, err);
	if (r == 0)
		*ret = l;
	return r;
}
