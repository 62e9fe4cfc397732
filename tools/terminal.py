# SPDX-License-Identifier: MPL-2.0
"""A command on a terminal of its own, as a person runs it (tools/test.py commands)."""
import os
import re
import select
import signal
import subprocess
import time

import qemu
from qemu import TOP


def end_with_parent():
    """In the child: a runner that is killed leaves nothing behind. SIGTERM, which make hands on to what it runs."""
    qemu.LIBC.prctl(qemu.PR_SET_PDEATHSIG, signal.SIGTERM)


class Terminal:
    """A command on a terminal of its own, as a person runs it."""

    def __init__(self, command, log):
        self.master, slave = os.openpty()
        self.log, self.text, self.seen = open(log, 'wb'), '', 0
        self.proc = subprocess.Popen(['bash', '-c', command], cwd=TOP, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                     preexec_fn=end_with_parent)
        os.close(slave)

    def expect(self, pattern, timeout):
        end = time.monotonic() + timeout * qemu.TIME_SCALE
        while True:
            m = re.compile(pattern, re.M).search(self.text, self.seen)
            if m:
                self.seen = m.end()
                return m
            if time.monotonic() > end:
                return None
            if select.select([self.master], [], [], 0.5)[0]:
                try:
                    data = os.read(self.master, 65536)
                except OSError:         # the command has ended
                    return None
                self.log.write(data)
                self.text += data.decode('utf-8', 'replace').replace('\r', '')

    def send(self, text):
        os.write(self.master, text.encode())

    def close(self, timeout):
        """The exit status; None when it had to be killed."""
        self.expect('(?!)', 0.5)
        end = time.monotonic() + timeout * qemu.TIME_SCALE
        while self.proc.poll() is None and time.monotonic() < end:
            self.expect('(?!)', 0.5)
        status = self.proc.poll()
        if status is None:
            os.killpg(self.proc.pid, signal.SIGKILL)
            self.proc.wait()
        os.close(self.master)
        self.log.close()
        return status
