// SQLite inserting rows into a table in memory, and reading them back.
#include <stdio.h>
#include <stdlib.h>
#include "sqlite3.h"

static int rows(int argc, char **argv) { return argc > 1 ? atoi(argv[1]) : 20000; }

static int fail(sqlite3 *db, const char *what) {
    fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
    return 1;
}

int main(int argc, char **argv) {
    sqlite3 *db;
    sqlite3_stmt *insert, *sum;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK) return fail(db, "open");
    if (sqlite3_exec(db, "create table item (id integer primary key, name text, price real)", 0, 0, 0)) return fail(db, "create");
    if (sqlite3_exec(db, "create index by_name on item (name); begin", 0, 0, 0)) return fail(db, "index");
    if (sqlite3_prepare_v2(db, "insert into item (name, price) values (?, ?)", -1, &insert, 0)) return fail(db, "prepare");
    for (int row = 0; row < rows(argc, argv); row++) {
        char name[40];
        snprintf(name, sizeof name, "item %08x of %d", (unsigned) row * 2654435761u, row);
        sqlite3_bind_text(insert, 1, name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_double(insert, 2, row * 0.25);
        if (sqlite3_step(insert) != SQLITE_DONE) return fail(db, "insert");
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    if (sqlite3_exec(db, "commit", 0, 0, 0)) return fail(db, "commit");
    if (sqlite3_prepare_v2(db, "select count(*), sum(price), max(name) from item", -1, &sum, 0)) return fail(db, "prepare");
    if (sqlite3_step(sum) != SQLITE_ROW) return fail(db, "select");
    printf("%d %.2f %s\n", sqlite3_column_int(sum, 0), sqlite3_column_double(sum, 1), sqlite3_column_text(sum, 2));
    sqlite3_finalize(sum);
    return sqlite3_close(db) != SQLITE_OK;
}
