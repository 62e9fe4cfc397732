/* SPDX-License-Identifier: MPL-2.0 */
/* The limits of System V IPC below /proc/sys/kernel, each of the reader's namespace, and /proc/sysvipc. */
#include <base/parse.h>
#include <base/string.h>
#include <core/init.h>
#include <fs/procfs.h>
#include <kernel/cred.h>
#include "internal.h"

enum knob_kind { KNOB_INT, KNOB_U64, KNOB_NEXT_ID };

struct knob {
	enum knob_kind kind;
	size_t offset;			/* in struct ipc_ns */
	int min, max;
};

static void *knob_at(const struct knob *k)
{
	return (char *)ipc_ns_current() + k->offset;
}

static int knob_show(struct seq_file *s, void *data)
{
	const struct knob *k = data;

	if (k->kind == KNOB_U64)
		seq_printf(s, "%llu\n", (unsigned long long)READ_ONCE(*(u64 *)knob_at(k)));
	else
		seq_printf(s, "%d\n", READ_ONCE(*(int *)knob_at(k)));
	return 0;
}

static int knob_store(const char *text, void *data)
{
	const struct knob *k = data;
	u64 u;
	s64 v;

	if (k->kind == KNOB_NEXT_ID && !ns_capable(current_cred(), ipc_ns_current()->user_ns, CAP_CHECKPOINT_RESTORE) &&
	    !ns_capable(current_cred(), ipc_ns_current()->user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	if (k->kind == KNOB_U64) {
		if (kstrtou64(text, 10, &u))
			return -EINVAL;
		WRITE_ONCE(*(u64 *)knob_at(k), u);
		return 0;
	}
	if (kstrtos64(text, 10, &v) || v < k->min || v > k->max)
		return -EINVAL;
	WRITE_ONCE(*(int *)knob_at(k), (int)v);
	if (k->offset == offsetof(struct ipc_ns, shm_rmid_forced) && v)
		shm_destroy_orphans(ipc_ns_current());
	return 0;
}

/* kernel/sem: four numbers in a row, as many of them as are given. */
static int sem_show(struct seq_file *s, void *data)
{
	const int *c = ipc_ns_current()->sem_ctls;

	(void)data;
	seq_printf(s, "%d\t%d\t%d\t%d\n", READ_ONCE(c[0]), READ_ONCE(c[1]), READ_ONCE(c[2]), READ_ONCE(c[3]));
	return 0;
}

static int sem_store(const char *text, void *data)
{
	struct ipc_ns *ns = ipc_ns_current();
	char copy[128], *rest = copy, *one;
	int vals[4], n = 0;

	(void)data;
	if (strscpy(copy, text, sizeof(copy)) < 0)
		return -EINVAL;
	while (n < 4 && (one = strsep(&rest, " \t\n"))) {
		if (!*one)
			continue;
		if (kstrtoint(one, 10, &vals[n]) || vals[n] < 0)
			return -EINVAL;
		n++;
	}
	if (!n || (n == 4 && vals[3] > IPC_INDEX_MAX))
		return -EINVAL;
	while (n--)
		WRITE_ONCE(ns->sem_ctls[n], vals[n]);
	return 0;
}

/* Once it asked for msgmni by memory size; now it only is there. */
static int auto_show(struct seq_file *s, void *data)
{
	(void)data;
	seq_puts(s, "0\n");
	return 0;
}

static int auto_store(const char *text, void *data)
{
	int v;

	(void)data;
	return kstrtoint(text, 10, &v) || v < 0 || v > 1 ? -EINVAL : 0;
}

#define INT_MAX_	0x7fffffff
#define ROW(name, m, k)	{ .path = "kernel/" name, .mode = m, .kind = SYSCTL_FN, .show = knob_show, .store = knob_store, \
	.data = (void *)(k) }

static const struct knob
	k_shmmax = { KNOB_U64, offsetof(struct ipc_ns, shm_max), 0, 0 },
	k_shmall = { KNOB_U64, offsetof(struct ipc_ns, shm_all), 0, 0 },
	k_shmmni = { KNOB_INT, offsetof(struct ipc_ns, shm_mni), 0, IPC_INDEX_MAX },
	k_forced = { KNOB_INT, offsetof(struct ipc_ns, shm_rmid_forced), 0, 1 },
	k_msgmax = { KNOB_INT, offsetof(struct ipc_ns, msg_max), 0, INT_MAX_ },
	k_msgmni = { KNOB_INT, offsetof(struct ipc_ns, msg_mni), 0, IPC_INDEX_MAX },
	k_msgmnb = { KNOB_INT, offsetof(struct ipc_ns, msg_mnb), 0, INT_MAX_ },
	k_next_sem = { KNOB_NEXT_ID, offsetof(struct ipc_ns, ids[IPC_SEM].next_id), -1, INT_MAX_ },
	k_next_msg = { KNOB_NEXT_ID, offsetof(struct ipc_ns, ids[IPC_MSG].next_id), -1, INT_MAX_ },
	k_next_shm = { KNOB_NEXT_ID, offsetof(struct ipc_ns, ids[IPC_SHM].next_id), -1, INT_MAX_ };

static const struct knob
	k_mq_queues = { KNOB_INT, offsetof(struct ipc_ns, mq_queues_max), -INT_MAX_ - 1, INT_MAX_ },
	k_mq_msg_max = { KNOB_INT, offsetof(struct ipc_ns, mq_msg_max), 1, 65536 },
	k_mq_msgsize_max = { KNOB_INT, offsetof(struct ipc_ns, mq_msgsize_max), 128, 16 << 20 },
	k_mq_msg_default = { KNOB_INT, offsetof(struct ipc_ns, mq_msg_default), 1, 65536 },
	k_mq_msgsize_default = { KNOB_INT, offsetof(struct ipc_ns, mq_msgsize_default), 128, 16 << 20 };

#define MQ_ROW(name, k)	{ .path = "fs/mqueue/" name, .mode = 0644, .kind = SYSCTL_FN, .show = knob_show, .store = knob_store, \
	.data = (void *)(k) }

static const struct proc_sysctl table[] = {
	MQ_ROW("queues_max", &k_mq_queues), MQ_ROW("msg_max", &k_mq_msg_max), MQ_ROW("msgsize_max", &k_mq_msgsize_max),
	MQ_ROW("msg_default", &k_mq_msg_default), MQ_ROW("msgsize_default", &k_mq_msgsize_default),
	ROW("shmmax", 0644, &k_shmmax), ROW("shmall", 0644, &k_shmall), ROW("shmmni", 0644, &k_shmmni),
	ROW("shm_rmid_forced", 0644, &k_forced), ROW("msgmax", 0644, &k_msgmax), ROW("msgmni", 0644, &k_msgmni),
	ROW("msgmnb", 0644, &k_msgmnb), ROW("sem_next_id", 0444, &k_next_sem), ROW("msg_next_id", 0444, &k_next_msg),
	ROW("shm_next_id", 0444, &k_next_shm),
	{ .path = "kernel/sem", .mode = 0644, .kind = SYSCTL_FN, .show = sem_show, .store = sem_store },
	{ .path = "kernel/auto_msgmni", .mode = 0644, .kind = SYSCTL_FN, .show = auto_show, .store = auto_store },
};

static int ipc_proc_init(void)
{
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(table) && !err; i++)
		err = proc_sysctl_register(&table[i]);
	if (!err)
		err = proc_create("sysvipc/msg", 0444, msg_proc_show, NULL);
	if (!err)
		err = proc_create("sysvipc/sem", 0444, sem_proc_show, NULL);
	if (!err)
		err = proc_create("sysvipc/shm", 0444, shm_proc_show, NULL);
	return err;
}
INITCALL_FS(ipc_proc_init);
