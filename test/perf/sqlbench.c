/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SQLite's part of the disk rows: Debian's own libsqlite3, linked statically (glibc).
 *
 *     sqlbench each N     N inserts, each a transaction of its own: journal, fsyncs, unlink
 *     sqlbench bulk N     N inserts in one transaction, into a table with an index
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static void sql(const char *text)
{
	char *err = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &err) != SQLITE_OK) {
		printf("sqlbench: %s: %s\n", text, err ? err : "?");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int bulk = argc > 1 && !strcmp(argv[1], "bulk"), n = argc > 2 ? atoi(argv[2]) : 100;
	sqlite3_stmt *st;

	if (sqlite3_open(bulk ? "/mnt/bulk.db" : "/mnt/each.db", &db) != SQLITE_OK)
		return 1;
	sql("create table t (id integer primary key, name text, value integer)");
	if (bulk)
		sql("create index i on t (value)");
	if (bulk)
		sql("begin");
	if (sqlite3_prepare_v2(db, "insert into t (name, value) values (?, ?)", -1, &st, NULL) != SQLITE_OK)
		return 1;
	for (int i = 0; i < n; i++) {
		char name[64];

		snprintf(name, sizeof(name), "the name of row number %d", i);
		sqlite3_bind_text(st, 1, name, -1, SQLITE_TRANSIENT);
		sqlite3_bind_int64(st, 2, (long long)i * 7919 % 100003);
		if (sqlite3_step(st) != SQLITE_DONE) {
			printf("sqlbench: %s\n", sqlite3_errmsg(db));
			return 1;
		}
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	if (bulk)
		sql("commit");
	return sqlite3_close(db) != SQLITE_OK;
}
