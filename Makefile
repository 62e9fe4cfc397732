# SPDX-License-Identifier: MPL-2.0
#
# Keel's build. `make help` lists the targets, docs/testing.md and docs/boot.md explain them.
#
#   make V=1          show the commands
#   make DEBUG=1      KASAN, UBSan, lock checking, all asserts: build/debug/
#   make CC=clang     the second compiler: build/clang/
#
# A new .c or .S file is picked up by itself: its directory says which layer it belongs to, and the
# layer says which headers it can see (docs/layers.md). Everything built lies under build/.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/bash
.DEFAULT_GOAL := kernel

ARCH   := x86_64
V      ?= 0
DEBUG  ?= 0
ifeq ($(origin CC),default)
CC     := gcc
endif
CC     ?= gcc
LD     := ld
NM     := nm
OBJCOPY := objcopy
PYTHON := python3
Q      := $(if $(filter 1,$(V)),,@)
say     = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n' $(1) $(2))

comma  := ,
clang  := $(if $(findstring clang,$(CC)),1)
# The release build by gcc lies in build/ itself, the variants below it.
O      := build$(if $(clang),/clang)$(if $(filter 1,$(DEBUG)),/debug)
OBJ    := $(O)/obj
GEN    := $(O)/gen/include

# ---- sources by layer -------------------------------------------------------------------------

find-c = $(if $(wildcard $(1)),$(shell find $(wildcard $(1)) \( -name '*.c' -o -name '*.S' \) | LC_ALL=C sort))

VDSO_DIR   := arch/$(ARCH)/vdso/vdso_image
VDSO_SRC   := $(if $(wildcard $(VDSO_DIR)),$(call find-c,$(VDSO_DIR)))
CORE_SRC   := $(filter-out $(VDSO_SRC) %/asm_offsets.c %.lds.S,$(call find-c,arch kernel/core mm/core))
LIB_SRC    := $(call find-c,kernel/lib)
UPPER_SRC  := $(filter-out $(CORE_SRC) $(LIB_SRC),$(call find-c,kernel mm fs net drivers))
# lwIP's TCP: the source that set-up fetches is copied to build/lwip, patched there (net/port/patches) and compiled with
# the options of net/port/include. Without it the kernel has no AF_INET.
LWIP_DEP   := build/deps/lwip/src
LWIP       := build/lwip
LWIP_NAMES := core/tcp.c core/tcp_in.c core/tcp_out.c core/pbuf.c core/ipv4/ip4_addr.c core/ipv6/ip6_addr.c
LWIP_INC   := -Inet/port/include -I$(LWIP)/include
ifneq ($(wildcard $(LWIP_DEP)/core/tcp.c),)
LWIP_OBJ   := $(addprefix $(O)/obj/lwip/,$(LWIP_NAMES:.c=.o))
else
LWIP_OBJ   :=
UPPER_SRC  := $(filter-out net/port/% net/inet/% net/netlink/inet_diag.c $(filter-out net/netlink/rt_link.c,$(wildcard net/netlink/rt_*.c)),$(UPPER_SRC))
$(warning no lwIP source in $(LWIP_DEP) (tools/setup.sh fetches it from a mirror with source packages): the kernel is built without AF_INET)
endif

to-obj      = $(addprefix $(OBJ)/,$(addsuffix .o,$(basename $(1))))
CORE_OBJ   := $(call to-obj,$(CORE_SRC))
LIB_OBJ    := $(call to-obj,$(LIB_SRC))
UPPER_OBJ  := $(call to-obj,$(UPPER_SRC))
ALL_OBJ    := $(CORE_OBJ) $(LIB_OBJ) $(UPPER_OBJ) $(LWIP_OBJ)

# ---- flags ------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
	-Wundef -Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare -Werror
BASE_FLAGS := -std=gnu11 -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks -fno-common \
	-fno-pie -fno-pic -mno-red-zone -mgeneral-regs-only -mcmodel=kernel -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-unwind-tables \
	-fno-omit-frame-pointer -momit-leaf-frame-pointer -g -pipe $(WARN)
ifdef clang
BASE_FLAGS += -Wno-unknown-warning-option -Wno-initializer-overrides -Wno-address-of-packed-member \
	-Wno-gnu-variable-sized-type-not-at-end -Wno-unused-command-line-argument
else
BASE_FLAGS += -fno-allow-store-data-races -fconserve-stack -Wimplicit-fallthrough=5
# Structs are cleared and copied by moves or by our memset and memcpy, never by rep (emulators run it word by word).
BASE_FLAGS += -mmemset-strategy=unrolled_loop:256:noalign,libcall:-1:noalign \
	-mmemcpy-strategy=unrolled_loop:256:noalign,libcall:-1:noalign
endif
ifeq ($(DEBUG),1)
BASE_FLAGS += -DDEBUG -O2 -fno-optimize-sibling-calls -Wframe-larger-than=4096
else
BASE_FLAGS += -O2 -Wframe-larger-than=1536
endif

# A canary per task: the context switch copies it to percpu_canary. clang 14 can only read one global.
ifneq ($(shell grep -ls 'percpu_canary' arch/$(ARCH)/cpu/*.c 2>/dev/null),)
PROTECT := -fstack-protector-strong $(if $(clang),-mstack-protector-guard=global,-mstack-protector-guard=tls \
	-mstack-protector-guard-reg=gs -mstack-protector-guard-symbol=percpu_canary)
else
PROTECT := -fno-stack-protector
endif

# Instrumentation of the DEBUG kernel. A source that runs before the shadow exists, or is the shadow,
# says so with a line "keel: no-sanitize" in its first comment; it has no canaries either.
NO_SAN := $(shell grep -l -r --include='*.c' 'keel: no-sanitize' arch kernel mm fs net drivers 2>/dev/null)
ifeq ($(DEBUG),1)
ifneq ($(wildcard mm/core/kasan.c),)
ifdef clang
SAN := -fsanitize=kernel-address -mllvm -asan-mapping-offset=0xdffffc0000000000 \
	-mllvm -asan-globals=1 -mllvm -asan-stack=0 -mllvm -asan-instrumentation-with-call-threshold=0
else
SAN := -fsanitize=kernel-address -fasan-shadow-offset=0xdffffc0000000000 \
	--param asan-globals=1 --param asan-stack=0 --param asan-instrumentation-with-call-threshold=0
endif
SAN_DEF += -DKASAN
endif
SAN += -fsanitize=bounds,shift,integer-divide-by-zero,unreachable,bool,enum,vla-bound,object-size,return,builtin
SAN_DEF += -DUBSAN
endif

INC_ALL   := -Iinclude -Iarch/$(ARCH)/prelude -I$(GEN)
INC_CORE  := $(INC_ALL) -Iarch/$(ARCH)/include
# The raw headers are on core's path only; above it the prelude carries the inline primitives and
# ends by poisoning asm.
CORE_FLAGS  := $(INC_CORE)
LIB_FLAGS   := $(INC_ALL)
UPPER_FLAGS := $(INC_ALL) $(if $(wildcard include/core/prelude.h),-include core/prelude.h)

ASFLAGS := -D__ASSEMBLY__ $(SAN_DEF) -g $(INC_CORE) -mcmodel=kernel -fno-pie $(if $(filter 1,$(DEBUG)),-DDEBUG) \
	-Wa,-I$(O)/vdso $(if $(clang),-Wno-unused-command-line-argument)

# ---- generated files --------------------------------------------------------------------------

SYSCALLS_TBL := arch/$(ARCH)/syscalls.tbl
GEN_STAMPS   :=
ifneq ($(wildcard tools/gen_syscalls.py),)
ifneq ($(wildcard $(SYSCALLS_TBL)),)
GEN_STAMPS += $(O)/gen/syscalls.stamp
$(O)/gen/syscalls.stamp: $(SYSCALLS_TBL) tools/gen_syscalls.py
	$(call say,GEN,syscalls)
	@mkdir -p $(GEN)/generated
	$(Q)$(PYTHON) tools/gen_syscalls.py $(SYSCALLS_TBL) $(GEN)/generated
	@touch $@
$(addprefix $(GEN)/generated/,syscall_nr.h syscall_protos.h syscall_table.inc): $(O)/gen/syscalls.stamp ;
endif
endif

# The page that says which calls are there; kept in the tree, `make check` may compare.
abi-coverage:
	$(Q)$(PYTHON) tools/gen_syscalls.py $(SYSCALLS_TBL) --docs docs/abi-coverage.md
docs: abi-coverage
	$(Q)$(PYTHON) tools/gen_locking.py
.PHONY: abi-coverage docs

# Offsets of struct fields for assembly: arch/x86_64/asm_offsets.c prints "->NAME value" lines into
# its own assembly output.
ifneq ($(wildcard arch/$(ARCH)/asm_offsets.c),)
GEN_STAMPS += $(O)/gen/offsets.stamp
$(O)/gen/offsets.stamp: arch/$(ARCH)/asm_offsets.c $(filter $(O)/gen/syscalls.stamp,$(GEN_STAMPS)) $(O)/flags
	$(call say,GEN,asm_offsets.h)
	@mkdir -p $(GEN)/generated $(O)/gen
	$(Q)$(CC) $(BASE_FLAGS) $(CORE_FLAGS) $(SAN_DEF) -MMD -MP -MT $@ -MF $(O)/gen/offsets.d -S -o $(O)/gen/offsets.s $<
	$(Q){ echo '/* generated from arch/$(ARCH)/asm_offsets.c */'; \
	 sed -n 's/.*->\([A-Za-z_0-9]*\) [$$#]*\(-\{0,1\}[0-9]*\).*/#define \1 \2/p' $(O)/gen/offsets.s; } \
	 > $(GEN)/generated/asm_offsets.h
	@touch $@
-include $(O)/gen/offsets.d
endif

# The console font: a table of dots from the drawings.
GEN_STAMPS += $(O)/gen/font.stamp
$(O)/gen/font.stamp: drivers/tty/font.txt tools/mkfont.py
	$(call say,GEN,vt_font.h)
	@mkdir -p $(GEN)/generated
	$(Q)$(PYTHON) tools/mkfont.py $< $(GEN)/generated/vt_font.h
	@touch $@

gen: $(GEN_STAMPS)

# A change of the flags rebuilds everything.
FLAG_TEXT := $(CC) $(BASE_FLAGS) $(PROTECT) $(SAN_DEF) $(SAN) $(CORE_FLAGS) $(LIB_FLAGS) $(UPPER_FLAGS) $(ASFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAG_TEXT)' | cmp -s - $@ || echo '$(FLAG_TEXT)' > $@

# ---- compile ----------------------------------------------------------------------------------

$(CORE_OBJ):  LAYER_FLAGS := $(CORE_FLAGS)
$(LIB_OBJ):   LAYER_FLAGS := $(LIB_FLAGS)
$(UPPER_OBJ): LAYER_FLAGS := $(UPPER_FLAGS)
# Only these see lwIP's headers.
$(filter $(OBJ)/net/port/% $(OBJ)/net/inet/tcp%,$(UPPER_OBJ)): LAYER_FLAGS := $(UPPER_FLAGS) $(LWIP_INC)
$(LWIP_OBJ) $(filter $(OBJ)/net/port/% $(OBJ)/net/inet/tcp%,$(UPPER_OBJ)): $(LWIP)/.stamp

$(LWIP)/.stamp: $(wildcard net/port/patches/*.patch) $(LWIP_DEP)/core/tcp.c
	$(call say,PATCH,lwIP)
	@rm -rf $(LWIP) && mkdir -p $(LWIP) && cp -r $(LWIP_DEP)/core $(LWIP_DEP)/include $(LWIP)/
	@find $(LWIP) -name '*.[ch]' -exec sed -i 's/\r$$//' {} +
	$(Q)for p in $(sort $(wildcard net/port/patches/*.patch)); do patch --binary -s -d $(LWIP) -p1 < $$p || exit 1; done
	@touch $@

lwip: $(LWIP)/.stamp
.PHONY: lwip

# Another project's source: its warnings are not ours to mend.
$(O)/obj/lwip/%.o: $(LWIP)/.stamp $(O)/flags | $(GEN_STAMPS)
	$(call say,CC,lwip/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_FLAGS) -w $(UPPER_FLAGS) $(LWIP_INC) $(PROTECT) $(SAN_DEF) $(SAN) -MMD -MP -c -o $@ $(LWIP)/$*.c
$(call to-obj,$(NO_SAN)): SAN :=
$(call to-obj,$(NO_SAN) $(wildcard arch/$(ARCH)/boot/*.c)): PROTECT := -fno-stack-protector

$(OBJ)/%.o: %.c $(O)/flags | $(GEN_STAMPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_FLAGS) $(LAYER_FLAGS) $(PROTECT) $(SAN_DEF) $(SAN) -MMD -MP -c -o $@ $<

$(OBJ)/%.o: %.S $(O)/flags | $(GEN_STAMPS)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASFLAGS) -MMD -MP -c -o $@ $<

-include $(ALL_OBJ:.o=.d)

# ---- vDSO: a shared object of its own, embedded by arch/x86_64/vdso/*.S with .incbin "vdso.so" ----

ifneq ($(VDSO_SRC),)
VDSO_OBJ   := $(addprefix $(O)/vdso/,$(addsuffix .o,$(notdir $(basename $(VDSO_SRC)))))
VDSO_LDS   := $(firstword $(wildcard $(VDSO_DIR)/*.lds arch/$(ARCH)/vdso/*.lds))
VDSO_FLAGS := -std=gnu11 -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) -O2 -fPIC \
	-fno-stack-protector -fno-strict-aliasing -fcf-protection=none -fasynchronous-unwind-tables -mgeneral-regs-only \
	-fomit-frame-pointer -DKEEL_VDSO -g0 $(WARN) $(INC_CORE)
$(O)/vdso/%.o: $(VDSO_DIR)/%.c $(O)/flags | $(GEN_STAMPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(VDSO_FLAGS) -MMD -MP -c -o $@ $<
$(O)/vdso/%.o: $(VDSO_DIR)/%.S $(O)/flags | $(GEN_STAMPS)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -D__ASSEMBLY__ -fPIC $(INC_CORE) -MMD -MP -c -o $@ $<
$(O)/vdso/vdso.so: $(VDSO_OBJ) $(VDSO_LDS)
	$(call say,LD,$@)
	$(Q)$(LD) -shared -Bsymbolic --hash-style=both --build-id=sha1 --eh-frame-hdr -z noexecstack \
		-z max-page-size=4096 -soname linux-vdso.so.1 --no-undefined $(addprefix -T ,$(VDSO_LDS)) -o $@.full $(VDSO_OBJ)
	$(Q)$(OBJCOPY) -S $@.full $@
$(filter $(OBJ)/arch/$(ARCH)/vdso/%,$(CORE_OBJ)): $(O)/vdso/vdso.so
-include $(VDSO_OBJ:.o=.d)
endif

# ---- link -------------------------------------------------------------------------------------
#
# Core is joined with ld -r and only the symbols of kernel/core/exports.list stay global, so that a
# service which names another one does not link. Then three links: the first gives the functions and
# the size of the relocation table, the second has both tables at their final size, the third has
# the right addresses in them. docs/boot.md describes the tables.

# What the compiler calls by itself is always exported.
RUNTIME  := '^(__asan_|__ubsan_|__stack_chk_|__sanitizer_|mem(cpy|set|move|cmp)$$)'
EXPORTS  := $(wildcard kernel/core/exports.list)
LDS      := $(O)/kernel.lds
LDFLAGS  := -nostdlib -static -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
	--build-id=none --no-warn-execstack --emit-relocs --orphan-handling=$(if $(filter 1,$(STRICT_ORPHANS)),error,place)

$(LDS): arch/$(ARCH)/kernel.lds.S $(O)/flags
	$(call say,LDS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp -D__ASSEMBLY__ -DLINKER_SCRIPT $(if $(filter 1,$(DEBUG)),-DDEBUG) $(SAN_DEF) $(INC_CORE) -MMD -MP -MT $@ -MF $@.d -o $@ $<
-include $(LDS).d

$(O)/core.o: $(CORE_OBJ) $(EXPORTS)
	$(call say,LD,$@)
	@printf '%s\n' $(CORE_OBJ) > $(O)/core.rsp
	$(Q)$(LD) -r -o $@.all @$(O)/core.rsp
	$(Q)$(if $(EXPORTS),{ grep -v '^#' $(EXPORTS); $(NM) -g --defined-only -P $@.all | cut -d' ' -f1 | grep -E $(RUNTIME); } > $@.keep; \
		$(OBJCOPY) --keep-global-symbols=$@.keep $@.all $@,cp $@.all $@)

$(O)/keel.full: $(O)/core.o $(LIB_OBJ) $(UPPER_OBJ) $(LWIP_OBJ) $(LDS) tools/mktables.py
	$(call say,LD,$@)
	@printf '%s\n' $(O)/core.o $(LIB_OBJ) $(UPPER_OBJ) $(LWIP_OBJ) > $(O)/kernel.rsp
	$(Q)$(PYTHON) tools/mktables.py $(if $(EXPORTS),--hint 'core exports only what stands in $(EXPORTS): if a service needs more$(comma) make exports') --link "$(LD) $(LDFLAGS) -T $(LDS) @$(O)/kernel.rsp" --as "$(CC) -c" --out $@

# What ships: no symbols, no debug information, no relocation sections (GRUB refuses those).
$(O)/keel.elf: $(O)/keel.full
	$(call say,STRIP,$@)
	$(Q)$(OBJCOPY) --strip-all -R .comment -R .note.GNU-stack --remove-relocations='*' $< $@.tmp
	@mv $@.tmp $@

kernel: $(O)/keel.elf
objs: $(ALL_OBJ)

FORCE:
.PHONY: FORCE kernel objs gen

# ---- images -----------------------------------------------------------------------------------

BUSYBOX := $(firstword $(wildcard /bin/busybox /usr/bin/busybox))
MUSL    := $(firstword $(wildcard /lib/ld-musl-x86_64.so.1 /usr/lib/x86_64-linux-musl/libc.so))

build/user/hello: boot/demo/hello.c
	$(call say,MUSLCC,$@)
	@mkdir -p $(@D)
	$(Q)musl-gcc -O2 -Wall -Wextra -Werror -s -o $@ $<

build/initramfs.cpio.gz: boot/initramfs.list tools/mkcpio.py build/user/hello $(BUSYBOX) $(shell find boot/rootfs 2>/dev/null)
	$(call say,CPIO,$@)
	$(Q)$(PYTHON) tools/mkcpio.py boot/initramfs.list $@ BUSYBOX=$(BUSYBOX) MUSL=$(MUSL) HELLO=build/user/hello

$(O)/keel.iso: $(O)/keel.elf build/initramfs.cpio.gz boot/grub/grub.cfg tools/mkiso.sh
	$(call say,ISO,$@)
	$(Q)tools/mkiso.sh $@ $(O)/keel.elf build/initramfs.cpio.gz

initramfs: build/initramfs.cpio.gz
iso: $(O)/keel.iso
all: kernel initramfs iso
.PHONY: all iso initramfs

# The user-space tests: static musl programs and their initramfs build/user.cpio.
user: $(if $(wildcard test/user/Makefile),FORCE)
	$(Q)$(MAKE) --no-print-directory -C test/user OUT=$(abspath build) $(if $(filter 0,$(V)),-s)

# ---- run --------------------------------------------------------------------------------------

SMP      ?= $(shell nproc)
MEM      ?= 512
FIRMWARE ?= bios
BOOT     ?= grub
APPEND   ?=
MACHINE  ?= q35
# A folder of this machine that the guest sees as /mnt/share.
# HOST:GUEST: a TCP port of this machine that leads to one of the guest; empty: none
FORWARD  ?= 8080:80
SHARE    ?=
# GRAPHICS=1: a window with the display and the keyboard (tty1) beside the serial console here; or gtk, sdl, vnc=:1, ...
GRAPHICS ?= 0
RUN_CONSOLE := $(if $(filter 0,$(GRAPHICS)),,console=tty0 )

run:
	@tools/setup.sh run
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all
	$(if $(and $(filter grub,$(BOOT)),$(RUN_CONSOLE)$(APPEND)),$(Q)tools/mkiso.sh build/run.iso $(O)/keel.elf build/initramfs.cpio.gz $(RUN_CONSOLE)$(APPEND))
	@$(PYTHON) tools/qemu.py $(if $(filter 0,$(GRAPHICS)),,--display $(GRAPHICS)) --boot $(BOOT) --firmware $(FIRMWARE) --smp $(SMP) --mem $(MEM) --machine $(MACHINE) \
		$(if $(SHARE),--share '$(abspath $(SHARE))') --net $(addprefix --forward ,$(FORWARD)) --kernel $(O)/keel.elf --iso $(if $(RUN_CONSOLE)$(APPEND),build/run.iso,$(O)/keel.iso) --append "console=ttyS0 panic=-1 $(RUN_CONSOLE)$(APPEND)"

# A disk with Debian on ext2 and GRUB that boots Keel from it; build/debian/ keeps packages and tree.
debian:
	@tools/setup.sh debian
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) kernel
	@$(PYTHON) tools/debian.py image

run-debian: debian
	@tools/setup.sh run
	@$(PYTHON) tools/qemu.py --boot disk --disk build/debian.img,cache=writeback,serial=keel-debian --firmware $(FIRMWARE) --smp $(SMP) \
		--mem $(if $(filter file,$(origin MEM)),1024,$(MEM)) --machine $(MACHINE) $(if $(SHARE),--share '$(abspath $(SHARE))')
.PHONY: debian run-debian

gdb:
	@tools/setup.sh test
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all
	@$(PYTHON) tools/qemu.py --gdb --boot pvh --smp $(SMP) --mem $(MEM) --kernel $(O)/keel.elf --symbols $(O)/keel.full \
		--append "console=ttyS0 nokaslr $(APPEND)"
.PHONY: run gdb user

# ---- tests ------------------------------------------------------------------------------------

TEST := $(PYTHON) tools/test.py $(if $(FILTER),--filter '$(FILTER)') $(if $(CPUS),--smp $(CPUS))

test:
	@tools/setup.sh test
	@$(TEST) ci

test-long:
	@tools/setup.sh test
	@$(TEST) long

test-host test-user test-oracle test-bochs test-kernel test-debug test-clang test-busybox test-stress test-disk: test-%:
	@tools/setup.sh test
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) $(if $(filter test-host,$@),gen,all)
	@$(TEST) $*

test-boot:
	@tools/setup.sh test
	@$(TEST) boot-all
.PHONY: test test-long test-host test-user test-oracle test-bochs test-kernel test-debug test-clang test-busybox \
	test-stress test-disk test-boot

bench:
	@tools/setup.sh bench
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all user
	$(Q)$(MAKE) --no-print-directory -s -C test/user OUT=$(abspath build) perf
	@$(PYTHON) tools/bench.py $(BENCH)
.PHONY: bench

# ---- checks -----------------------------------------------------------------------------------

# Each check is a program that says nothing and ends with 0 when all is well.
CHECKS := $(wildcard tools/check_*.py tools/check_*.sh)
check-name = $(basename $(notdir $(1)))

check: gen
	@fail=0; for c in $(CHECKS); do \
		if out=$$($$c 2>&1); then printf '  ok     %s\n' "$$c"; \
		else fail=1; printf '  FAILED %s\n%s\n' "$$c" "$$out"; fi; done; exit $$fail

# The same as result lines for tools/test.py, and the proof that each check catches what it is for.
check-lines: gen
	@for c in $(CHECKS); do n=$$(basename $$c); \
		if out=$$($$c 2>&1); then echo "ok $$n"; else echo "$$out"; echo "not ok $$n: $$(echo "$$out" | head -1)"; fi; done
	@$(PYTHON) test/checks/run.py; $(PYTHON) test/checks/setup.py
.PHONY: check check-lines

# The golden lists of what crosses core's wall, from a build without the wall: adds what is new; with ALL=1
# every variant is built and what nothing uses any more goes.
exports:
	@rm -f build/core.o build/*/core.o build/*/*/core.o
	$(Q)$(MAKE) --no-print-directory EXPORTS= kernel
	$(if $(ALL),$(Q)for v in "DEBUG=1" "CC=clang" "CC=clang DEBUG=1"; do $(MAKE) --no-print-directory EXPORTS= $$v kernel || exit 1; done)
	@tools/check_exports.py $(if $(ALL),--update,--add)
.PHONY: exports

size:
	@$(PYTHON) tools/size.py $(O)/keel.full

fmt:
	@git diff --name-only --diff-filter=d HEAD -- '*.c' '*.h' | while read -r f; do \
		git diff -U0 HEAD -- $$f | clang-format-diff -p1 -i; done

clean:
	rm -rf $(filter-out build/deps,$(wildcard build/*))
distclean:
	rm -rf build
.PHONY: size fmt clean distclean

help:
	@echo 'make run          install what is missing, build, boot to a shell (SMP= MEM= FIRMWARE=bios|uefi BOOT=grub|pvh GRAPHICS=1 APPEND= SHARE=dir FORWARD=8080:80)'
	@echo 'make debian       build/debian.img: Debian on ext2, booted by GRUB with Keel as its kernel'
	@echo 'make run-debian   boot it (SMP= MEM= FIRMWARE= SHARE=); changes stay on the disk'
	@echo 'make test         the tests that CI runs, under 40 minutes'
	@echo 'make              the kernel: build/keel.elf (build/keel.full has symbols)'
	@echo 'make all          kernel, initramfs and ISO'
	@echo 'make iso          build/keel.iso: GRUB on BIOS and UEFI'
	@echo 'make user         the user-space tests and their initramfs build/user.cpio'
	@echo 'make test-host    pure code on this machine, under ASan and UBSan, with failing allocations'
	@echo 'make test-kernel  tests inside the kernel (ktest=all; FILTER=suite)'
	@echo 'make test-user    user-space tests on Keel (FILTER=area/glob, CPUS=1,2,4)'
	@echo 'make test-oracle  the same programs on Debian'"'"'s Linux: each must pass there'
	@echo 'make test-boot    every boot scenario of test/boot (FILTER=glob)'
	@echo 'make test-debug   kernel and user tests on the DEBUG kernel (KASAN, UBSan, lock checks)'
	@echo 'make test-clang   the kernel by the second compiler'
	@echo 'make test-bochs   what TCG cannot show: x2APIC, PCID, TSC deadline'
	@echo 'make test-busybox BusyBox'"'"'s own test suite'
	@echo 'make test-stress  processes, threads, signals, mappings and files at random on 4 CPUs'
	@echo 'make test-disk    the tests of files on ext2, here and on Linux; then e2fsck'
	@echo 'make test-long    all of it, for hours; resumable, results in docs/results/'
	@echo 'make bench        speed beside Linux in the same QEMU'
	@echo 'make check        layers, exports, headers, locks, style, docs'
	@echo 'make exports      write the golden lists of what crosses the wall of core anew'
	@echo 'make gdb          QEMU stopped at the first instruction, gdb attached with our commands'
	@echo 'make docs         write the generated pages anew: abi-coverage, locking'
	@echo 'make size         lines and bytes by layer, exported core symbols'
	@echo 'make fmt          clang-format on the lines you changed'
	@echo 'make clean        everything built but the fetched sources'
	@echo 'Variants: DEBUG=1, CC=clang, V=1 (show commands)'
.PHONY: help
