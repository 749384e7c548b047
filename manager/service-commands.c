/* Commands that splice-manager gives itself: the processes of its service `jobs`. */
#include "manager/commands-int.h"

#include "base/config.h"
#include "base/str.h"
#include "manager/jobs.h"
#include "manager/work.h"

#include <sys/stat.h>

int run_jobs(char *const *words, struct err *err)
{
	_cleanup_(config_freep) struct config *config = NULL;
	bool port_given = words[0] && str_eq(words[0], "--port") && words[1] && !words[2];
	int64_t port;
	int r = words[0] && !port_given ? err_set(err, E_USAGE, "jobs takes --port N or nothing")
					: config_load(&config, err);

	if (r == 0)
		r = port_given ? str_parse_i64(words[1], &port, err)
			       : config_get_i64(config, "jobs.port", &port, err);
	if (r < 0)
		return r;
	if (port < 0 || port > 65535)
		return err_set(err, E_USAGE, "%lld is no port", (long long)port);
	(void)umask(077);
	return jobs_run((int)port, err);
}

int run_work(char *const *words, struct err *err)
{
	int64_t job;

	if (!words[0] || words[1] || str_parse_i64(words[0], &job, err) < 0)
		return err_set(err, E_USAGE, "work takes the number of a job");
	(void)umask(077);
	return work_run(job, err);
}
