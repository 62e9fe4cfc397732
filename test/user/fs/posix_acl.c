/* SPDX-License-Identifier: MPL-2.0 */
/* POSIX access control lists: who may, masks, default lists, chmod, refusals (acl(5)). */
#include <stdint.h>
#include <sys/xattr.h>
#include "ktest_user.h"

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 16, OTHER = 32 };

struct entry { uint16_t tag, perm; uint32_t id; };
struct acl { uint32_t version; struct entry e[8]; };

static struct acl a;
static int n;

static void begin(void) { memset(&a, 0, sizeof(a)); a.version = 2; n = 0; }
static void add(int tag, int perm, unsigned id) { a.e[n++] = (struct entry){ tag, perm, id }; }
static size_t size(void) { return 4 + n * sizeof(struct entry); }

static mode_t mode_of(const char *p)
{
	struct stat st;

	CHECK_OK(stat(p, &st));
	return st.st_mode & 07777;
}

static int can(unsigned uid, unsigned gid, const char *p, int flags)
{
	pid_t c;
	int st, fd;

	CHECK_OK(c = fork());
	if (!c) {
		if (setgid(gid) || setuid(uid))
			_exit(3);
		fd = open(p, flags);
		_exit(fd >= 0 ? 0 : errno == EACCES ? 1 : 2);
	}
	CHECK_OK(waitpid(c, &st, 0));
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) < 2);
	return !WEXITSTATUS(st);
}

static void set_named(const char *p)
{
	begin();
	add(USER_OBJ, 6, -1);
	add(USER, 6, 1001);
	add(USER, 0, 1002);
	add(GROUP_OBJ, 4, -1);
	add(GROUP, 6, 2000);
	add(MASK, 6, -1);
	add(OTHER, 4, -1);
	CHECK_OK(setxattr(p, ACCESS, &a, size(), 0));
}

CASE(permission)
{
	CHECK_OK(chmod(".", 0755));
	kt_put("f", "x");
	CHECK_OK(chmod("f", 0644));
	set_named("f");
	CHECK_EQ(mode_of("f"), 0664);
	CHECK_EQ(can(1001, 99, "f", O_RDWR), 1);
	CHECK_EQ(can(1002, 99, "f", O_RDONLY), 0);
	CHECK_EQ(can(1003, 99, "f", O_RDONLY), 1);
	CHECK_EQ(can(1003, 99, "f", O_WRONLY), 0);
	CHECK_EQ(can(1003, 2000, "f", O_RDWR), 1);
	/* the mask narrows all but owner and others */
	CHECK_OK(chmod("f", 0644));
	CHECK_EQ(can(1001, 99, "f", O_RDWR), 0);
	CHECK_EQ(can(1001, 99, "f", O_RDONLY), 1);
	CHECK_EQ(can(1003, 2000, "f", O_RDWR), 0);
}
CASE(directories)
{
	CHECK_OK(chmod(".", 0755));
	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "x");
	begin();
	add(USER_OBJ, 7, -1);
	add(USER, 0, 1001);
	add(GROUP_OBJ, 5, -1);
	add(MASK, 7, -1);
	add(OTHER, 5, -1);
	CHECK_OK(setxattr("d", ACCESS, &a, size(), 0));
	CHECK_OK(chmod("d", 0777));
	CHECK_EQ(can(1001, 99, "d/f", O_RDONLY), 0);
	CHECK_EQ(can(1003, 99, "d/f", O_RDONLY), 1);
}
CASE(reads_back_and_goes)
{
	struct acl b;

	kt_put("f", "x");
	set_named("f");
	CHECK_EQ(getxattr("f", ACCESS, &b, sizeof(b)), (ssize_t)size());
	CHECK_MEM((char *)&a, (char *)&b, size());
	CHECK_ERR(getxattr("f", ACCESS, &b, 3), ERANGE);
	CHECK_OK(removexattr("f", ACCESS));
	CHECK_ERR(getxattr("f", ACCESS, &b, sizeof(b)), ENODATA);
	/* a list that says no more than a mode becomes one */
	begin();
	add(USER_OBJ, 7, -1);
	add(GROUP_OBJ, 5, -1);
	add(OTHER, 1, -1);
	CHECK_OK(setxattr("f", ACCESS, &a, size(), 0));
	CHECK_EQ(mode_of("f"), 0751);
	CHECK_ERR(getxattr("f", ACCESS, &b, sizeof(b)), ENODATA);
}
CASE(inherits)
{
	struct acl b;
	struct stat st;

	umask(077);
	CHECK_OK(mkdir("d", 0755));
	begin();
	add(USER_OBJ, 7, -1);
	add(USER, 7, 1001);
	add(GROUP_OBJ, 5, -1);
	add(MASK, 7, -1);
	add(OTHER, 5, -1);
	CHECK_OK(setxattr("d", DEFAULT, &a, size(), 0));
	CHECK_OK(close(CHECK_OK(open("d/f", O_CREAT | O_RDWR, 0666))));
	CHECK_EQ(mode_of("d/f"), 0664);		/* no umask */
	CHECK_OK(getxattr("d/f", ACCESS, &b, sizeof(b)));
	CHECK_OK(mkdir("d/s", 0777));
	CHECK_EQ(getxattr("d/s", DEFAULT, &b, sizeof(b)), (ssize_t)size());
	CHECK_EQ(mode_of("d/s"), 0775);
	CHECK_OK(symlink("x", "d/l"));
	CHECK_OK(lstat("d/l", &st));
	CHECK_ERR(lgetxattr("d/l", ACCESS, &b, sizeof(b)), EOPNOTSUPP);
	CHECK_OK(mknod("d/p", S_IFIFO | 0666, 0));
	CHECK_EQ(mode_of("d/p"), 0664);
}
CASE(refusals)
{
	pid_t p;

	kt_put("f", "x");
	begin();
	add(USER_OBJ, 7, -1);
	add(OTHER, 5, -1);
	CHECK_ERR(setxattr("f", ACCESS, &a, size(), 0), EINVAL);	/* no group */
	begin();
	add(USER_OBJ, 7, -1);
	add(USER, 7, 1001);
	add(GROUP_OBJ, 5, -1);
	add(OTHER, 5, -1);
	CHECK_ERR(setxattr("f", ACCESS, &a, size(), 0), EINVAL);	/* no mask */
	CHECK_ERR(setxattr("f", ACCESS, &a, size() - 1, 0), EINVAL);
	set_named("f");
	CHECK_ERR(setxattr("f", DEFAULT, &a, size(), 0), EACCES);	/* no directory */
	a.version = 1;
	CHECK_ERR(setxattr("f", ACCESS, &a, size(), 0), EOPNOTSUPP);
	a.version = 2;
	CHECK_OK(chmod(".", 0755));
	CHILD(p) {
		CHECK_OK(setuid(1000));
		CHECK_ERR(setxattr("f", ACCESS, &a, size(), 0), EPERM);
	}
	WAIT_EXIT(p, 0);
}
