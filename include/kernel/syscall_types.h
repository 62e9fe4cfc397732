/* SPDX-License-Identifier: MPL-2.0 */
/* The typed user pointers that system calls take, one line for each ABI struct. See base/uptr.h. */
#ifndef KERNEL_SYSCALL_TYPES_H
#define KERNEL_SYSCALL_TYPES_H

#include <base/uptr.h>
#include <uapi/linux/aio_abi.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/eventpoll.h>
#include <uapi/linux/fcntl.h>
#include <uapi/linux/futex.h>
#include <uapi/linux/mount.h>
#include <uapi/linux/mqueue.h>
#include <uapi/linux/openat2.h>
#include <uapi/linux/poll.h>
#include <uapi/linux/resource.h>
#include <uapi/linux/sched.h>
#include <uapi/linux/signal.h>
#include <uapi/linux/socket.h>
#include <uapi/linux/stat.h>
#include <uapi/linux/statfs.h>
#include <uapi/linux/sysinfo.h>
#include <uapi/linux/time.h>
#include <uapi/linux/times.h>
#include <uapi/linux/timex.h>
#include <uapi/linux/uio.h>
#include <uapi/linux/utime.h>
#include <uapi/linux/utsname.h>

UPTR_DEF(cap_data, struct __user_cap_data_struct);
UPTR_DEF(cap_header, struct __user_cap_header_struct);
UPTR_DEF(clone_args, struct clone_args);
UPTR_DEF(epoll_event, struct epoll_event);
UPTR_DEF(file_handle, struct file_handle);
UPTR_DEF(futex_waitv, struct futex_waitv);
UPTR_DEF(io_event, struct io_event);
UPTR_DEF(iocb, struct iocb);
UPTR_DEF(iovec, struct iovec);
UPTR_DEF(itimerspec, struct itimerspec);
UPTR_DEF(itimerval, struct itimerval);
UPTR_DEF(mmsghdr, struct mmsghdr);
UPTR_DEF(mount_attr, struct mount_attr);
UPTR_DEF(mq_attr, struct mq_attr);
UPTR_DEF(new_utsname, struct new_utsname);
UPTR_DEF(open_how, struct open_how);
UPTR_DEF(pollfd, struct pollfd);
UPTR_DEF(rlimit, struct rlimit);
UPTR_DEF(rlimit64, struct rlimit64);
UPTR_DEF(rusage, struct rusage);
UPTR_DEF(sched_attr, struct sched_attr);
UPTR_DEF(sched_param, struct sched_param);
UPTR_DEF(sigaction, struct sigaction);
UPTR_DEF(sigevent, struct sigevent);
UPTR_DEF(siginfo, siginfo_t);
UPTR_DEF(sigset, sigset_t);
UPTR_DEF(sigset_argpack, struct sigset_argpack);
UPTR_DEF(stack, stack_t);
UPTR_DEF(stat, struct stat);
UPTR_DEF(statfs, struct statfs);
UPTR_DEF(statx, struct statx);
UPTR_DEF(sysinfo, struct sysinfo);
UPTR_DEF(timespec, struct timespec);
UPTR_DEF(timeval, struct timeval);
UPTR_DEF(timex, struct timex);
UPTR_DEF(timezone, struct timezone);
UPTR_DEF(tms, struct tms);
UPTR_DEF(user_msghdr, struct user_msghdr);
UPTR_DEF(utimbuf, struct utimbuf);

#endif
