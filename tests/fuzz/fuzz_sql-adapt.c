/* Any bytes as a statement, on each kind of server; error places lead back into it. */
#include "notebook/sql-adapt.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *sql = (const char *)data;

	for (int server = DB_SERVER_DERBY; server <= DB_SERVER_OTHER; server++) {
		_cleanup_adapted_ struct sql_adapted a = {0};
		struct err err = ERR_INIT;
		size_t at;

		if (sql_adapt((enum db_server)server, sql, size, &a, &err) < 0)
			continue;
		err_set(&err, E_SERVER, "x at line %zu, column %zu.", size % 5, size);
		if (sql_error_place(&a, size, &err, &at) && at > size)
			__builtin_trap();
		err_set_name(&err, "42X01");
		sql_add_hint((enum db_server)server, sql, size, &err);
	}
	return 0;
}
