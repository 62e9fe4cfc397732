/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Path resolution: repeated slashes, dots, many components, negative lookups that become
 * positive.
 */
#include "ktest_user.h"

CASE(slashes_and_dots)
{
	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "");
	CHECK_OK(access("d//f", F_OK));
	CHECK_OK(access("./d/./f", F_OK));
	CHECK_OK(access("d/../d/f", F_OK));
	CHECK_OK(access(".//.//d///.///f", F_OK));
	CHECK_ERR(access("d/f/", F_OK), ENOTDIR);
	CHECK_ERR(access("d/f/.", F_OK), ENOTDIR);
	CHECK_ERR(access("d/f/..", F_OK), ENOTDIR);
	CHECK_ERR(access("missing/../d", F_OK), ENOENT);
	CHECK_ERR(access("d/...", F_OK), ENOENT);
	CHECK_OK(mkdir("...", 0755));
	CHECK_OK(access("...", F_OK));
}
CASE(negative_entries)
{
	for (int i = 0; i < 50; i++) {
		CHECK_ERR(access("x", F_OK), ENOENT);
		kt_put("x", "");
		CHECK_OK(access("x", F_OK));
		CHECK_OK(rename("x", "y"));
		CHECK_ERR(access("x", F_OK), ENOENT);
		CHECK_OK(access("y", F_OK));
		CHECK_OK(mkdir("x", 0755));
		CHECK_OK(access("x/", F_OK));
		CHECK_OK(rmdir("x"));
		CHECK_OK(unlink("y"));
		CHECK_ERR(access("y", F_OK), ENOENT);
	}
}
CASE(any_byte_in_a_name)
{
	char name[2] = { 0 };
	DIR *d;
	int n = 0;

	for (int c = 1; c < 256; c++) {
		if (c == '/' || c == '.')
			continue;
		name[0] = c;
		CHECK_OK(close(CHECK_OK(open(name, O_CREAT | O_EXCL | O_RDWR, 0644))));
	}
	d = opendir(".");
	while (readdir(d))
		n++;
	CHECK_EQ(n, 255 - 2 + 2);
	for (int c = 1; c < 256; c++) {
		if (c == '/' || c == '.')
			continue;
		name[0] = c;
		CHECK_OK(access(name, F_OK));
	}
}
CASE(lookup_while_renaming)
{
	_Atomic int *stop = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("a/b", 0755));
	kt_put("a/b/f", "");
	CHECK_OK(mkdir("z", 0755));
	CHILD(p)
		while (!*stop) {
			CHECK_OK(rename("a/b", "z/b"));
			CHECK_OK(rename("z/b", "a/b"));
		}
	for (int i = 0; i < 3000; i++) {
		struct stat st;
		int r = stat("a/b/f", &st);

		CHECK(r == 0 || errno == ENOENT);
		CHECK_OK(stat("a/../z/../a", &st));
	}
	*stop = 1;
	WAIT_EXIT(p, 0);
}
