# SPDX-License-Identifier: MPL-2.0
"""gdb commands for Keel: `make gdb` loads this file. `keel help` lists the commands.

They read the kernel's structures by their names in include/, so they work on a stopped guest at any
time after its page tables are up.
"""
import gdb

PAGE = 4096
KERNEL_BASE = 0xFFFFFFFF80000000
CHUNK = 1 << 64


def value(expr):
    return gdb.parse_and_eval(expr)


def u64(v):
    return int(v.cast(gdb.lookup_type('unsigned long'))) % CHUNK


def container(node, type_name, member):
    t = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in t.fields() if f.name == member)
    return gdb.Value((u64(node) - offset) % CHUNK).cast(t.pointer())


def list_entries(head, type_name, member):
    """The entries of a struct list_head."""
    node = head['next']
    for _ in range(100000):
        if u64(node) == u64(head.address):
            return
        yield container(node, type_name, member)
        node = node['next']


def cpus():
    offsets = value('percpu_offset')
    for cpu in range(int(offsets.type.sizeof / 8)):
        if cpu == 0 or int(offsets[cpu]):
            yield cpu, int(offsets[cpu])


def per_cpu(name, offset):
    var = value(name)
    return gdb.Value((u64(var.address) + offset) % CHUNK).cast(var.type.pointer()).dereference()


def tasks():
    yield value('&init_task')
    yield from list_entries(value('task_list'), 'struct task', 'all_link')


def find_task(word):
    for t in tasks():
        if int(t['tid']) == int(word, 0):
            return t
    raise gdb.GdbError(f'no task {word}')


def comm(t):
    return t['comm'].string(errors='replace')


def symbol(addr):
    text = gdb.execute(f'info symbol {addr:#x}', to_string=True).split(' in section')[0]
    line = gdb.find_pc_line(addr - 1)
    where = f'  {line.symtab.filename}:{line.line}' if line.symtab else ''
    return text.strip() + where


def read_u64(addr):
    return int.from_bytes(gdb.selected_inferior().read_memory(addr, 8), 'little')


def stack_of(t):
    """Return addresses of a task that does not run: switch_stacks left six registers and the address."""
    base = u64(t['core']['stack'])
    sp = u64(t['core']['ksp'])
    bp, ip = read_u64(sp + 40), read_u64(sp + 48)
    top = base + 64 * 1024
    for _ in range(64):
        yield ip
        if not base <= bp < top - 16:
            return
        try:
            bp, ip = read_u64(bp), read_u64(bp + 8)
        except gdb.MemoryError:
            return


STATES = {0: 'R', 1: 'S', 2: 'D', 4: 'T', 8: 't', 0x10: 'X', 0x40: 'P', 0x80: 'N'}
FLAGS = ((0, 'present'), (1, 'write'), (2, 'user'), (5, 'accessed'), (6, 'dirty'), (7, 'large'), (8, 'global'), (63, 'nx'))


class Keel(gdb.Command):
    """keel COMMAND: look at the kernel; `keel help` lists the commands."""

    def __init__(self):
        super().__init__('keel', gdb.COMMAND_DATA)

    def complete(self, text, word):
        return [m[4:] for m in dir(self) if m.startswith('cmd_') and m[4:].startswith(text)]

    def invoke(self, arg, from_tty):
        words = gdb.string_to_argv(arg) or ['help']
        f = getattr(self, 'cmd_' + words[0], None)
        if f is None:
            raise gdb.GdbError(f'no command {words[0]}; keel help')
        f(*words[1:])

    def cmd_help(self):
        """this list"""
        for m in sorted(dir(self)):
            if m.startswith('cmd_'):
                print(f'  keel {m[4:]:<10} {getattr(self, m).__doc__}')

    def cmd_tasks(self):
        """every task: address, id, state, CPU, whether it is on a CPU now, name"""
        print(f'{"task":<18} {"tid":>6} st cpu on name')
        for t in tasks():
            c = t['core']
            state = STATES.get(int(c['state']) & 0xFF & -(int(c['state']) & 0xFF), '?') if int(c['state']) else 'R'
            print(f'{u64(t):#018x} {int(t["tid"]):>6} {state:>2} {int(c["cpu"]):>3} {int(c["on_cpu"]):>2} {comm(t)}')

    def cmd_bt(self, tid):
        """TID: the kernel stack of a task that does not run"""
        t = find_task(tid)
        if int(t['core']['on_cpu']):
            print('it runs now: use `thread N` and `bt`')
        for ip in stack_of(t):
            print(f'  {ip:#018x} {symbol(ip)}')

    def cmd_btall(self):
        """the stacks of all tasks that do not run"""
        for t in tasks():
            if not int(t['core']['on_cpu']) and u64(t['core']['ksp']):
                print(f'{int(t["tid"])} {comm(t)}:')
                for ip in stack_of(t):
                    print(f'  {ip:#018x} {symbol(ip)}')

    def cmd_cpus(self):
        """what each CPU runs, and its preempt word"""
        for cpu, offset in cpus():
            t = per_cpu('percpu_current', offset).cast(gdb.lookup_type('struct task').pointer())
            word = int(per_cpu('preempt_word', offset))
            print(f'CPU {cpu}: task {u64(t):#x} {int(t["tid"])} {comm(t)}, preempt word {word:#x}')

    def cmd_percpu(self, name):
        """VARIABLE: each CPU's copy"""
        for cpu, offset in cpus():
            print(f'CPU {cpu}: {per_cpu(name, offset)}')

    def cmd_pt(self, address):
        """ADDRESS: the page-table entries on the way to it, by the CR3 of the selected CPU"""
        addr = u64(value(address))
        table = u64(value('$cr3')) & 0x000FFFFFFFFFF000
        for level in (4, 3, 2, 1):
            index = addr >> (12 + 9 * (level - 1)) & 511
            entry = int.from_bytes(self.physical(table + 8 * index, 8), 'little')
            bits = ' '.join(n for b, n in FLAGS if entry >> b & 1)
            print(f'level {level} [{index:>3}] {entry:#018x} {bits}')
            if not entry & 1 or level == 1 or (level < 4 and entry & 0x80):
                return
            table = entry & 0x000FFFFFFFFFF000

    @staticmethod
    def physical(addr, n):
        """Physical memory through QEMU's monitor."""
        out = gdb.execute(f'monitor xp /{n}xb {addr:#x}', to_string=True)
        return bytes(int(w, 16) for line in out.splitlines() for w in line.split(':', 1)[1].split())

    def cmd_log(self):
        """the kernel log"""
        descs, text = value('log_descs'), value('log_text')
        count, size = descs.type.range()[1] + 1, text.type.range()[1] + 1
        ring = bytes(gdb.selected_inferior().read_memory(u64(text.address), size))
        last = int(value('log_next'))
        for seq in range(max(0, last - count), last):
            d = descs[seq % count]
            if int(d['state']) != 2 * seq + 2:
                continue
            at, n, ns = int(d['pos']) % size, int(d['len']), int(d['time_ns'])
            line = (ring[at:] + ring[:at])[:n].decode('utf-8', 'replace').rstrip()
            print(f'[{ns / 1e9:12.6f}] {line}')

    def cmd_maps(self, tid):
        """TID: the mappings of a task"""
        t = find_task(tid)
        if not u64(t['mm']):
            print('a kernel thread')
            return
        node, first = t['mm']['vmas']['node'], None
        while u64(node):
            first, node = node, node['left']
        v = container(first, 'struct vma', 'node') if first is not None else None
        while v is not None and u64(v):
            flags = int(v['flags'])
            text = ''.join(c if flags >> i & 1 else '-' for i, c in enumerate('rwxs'))
            what = v['name'].string() if u64(v['name']) else ''
            if u64(v['file']):
                what = f'file {u64(v["file"]):#x} page {int(v["pgoff"])}'
            print(f'  {int(v["start"]):012x}-{int(v["end"]):012x} {text} {what}')
            v = v['next']

    def cmd_locks(self):
        """the locks that each task and each CPU holds (DEBUG kernels keep account)"""
        if 'held' not in [f.name for f in gdb.lookup_type('struct task_core').fields()]:
            print('this kernel keeps no account of its locks: make DEBUG=1')
            return
        for cpu, offset in cpus():
            self.held(f'CPU {cpu}', per_cpu('cpu_held', offset), 'nr')
        for t in tasks():
            self.held(f'{int(t["tid"])} {comm(t)}', t['core'], 'nr_held')

    @staticmethod
    def held(who, holder, count):
        for i in range(int(holder[count])):
            h = holder['held'][i]
            name = value('lock_classes')[int(h['cls'])]['name'].string()
            print(f'{who}: {name}{" (shared)" if int(h["shared"]) else ""} {u64(h["lock"]):#x} taken at {symbol(u64(h["ip"]))}')

    cmd_ps = cmd_tasks

Keel()
print('Keel: `keel help`')
