/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Formatted output into memory (kernel/lib/vsprintf.c). C's conversions without floating point,
 * and: %pS symbol+offset of a code address, %ps the symbol alone, %pU uuid bytes, %*ph hex dump of
 * few bytes, %pI4 and %pI6 network addresses, %pM a hardware address. %p prints the address as it is
 * in DEBUG kernels, hashed otherwise; %px as it is, always.
 */
#ifndef BASE_PRINTF_H
#define BASE_PRINTF_H

#include <stdarg.h>
#include <base/compiler.h>
#include <base/types.h>

/* Return the length that the whole text needs; the text is cut to size-1 and terminated. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
__printf(3, 4) int snprintf(char *buf, size_t size, const char *fmt, ...);
/* Return the length stored (without the NUL). */
__printf(3, 4) int scnprintf(char *buf, size_t size, const char *fmt, ...);
int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap);

/* For %pS and the key of %p: kernel/core/symtab.c and arch; stubs on the host. */
const char *symbol_lookup(u64 addr, u64 *offset, u64 *size);
u64 arch_entropy_u64(void);

#endif
