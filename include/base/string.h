/* SPDX-License-Identifier: MPL-2.0 */
/* C strings and memory blocks (kernel/lib/string.c). Meaning as in C and POSIX where the name is theirs. */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#include <base/compiler.h>
#include <base/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *find);
char *strsep(char **s, const char *delims);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
/* Copy at most size-1 bytes and terminate; returns the length copied or -E2BIG if cut. size > 0. */
ssize_t strscpy(char *dst, const char *src, size_t size);
/* Skip leading blanks; cut trailing ones in place. */
char *strstrip(char *s);
static inline bool streq(const char *a, const char *b) { return strcmp(a, b) == 0; }
static inline bool strstarts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
/* Shell pattern with * ? and [..]; for names, no path rules. */
bool glob_match(const char *pattern, const char *s);

/* Numbers from text: the whole string but a final newline must be one number. 0, -EINVAL or -ERANGE. */
__must_check int kstrtou64(const char *s, unsigned int base, u64 *res);
__must_check int kstrtos64(const char *s, unsigned int base, s64 *res);
__must_check int kstrtou32(const char *s, unsigned int base, u32 *res);
__must_check int kstrtoint(const char *s, unsigned int base, int *res);
__must_check int kstrtobool(const char *s, bool *res);
/* Number with K, M, G, T suffix; *end is the first byte not used. */
u64 memparse(const char *s, char **end);
u64 simple_strtoull(const char *s, char **end, unsigned int base);

/*
 * With -ffreestanding the compiler does not know these names: say that they are what they seem, so
 * that small constant sizes become a move or two.
 */
#define memcpy(d, s, n)		__builtin_memcpy(d, s, n)
#define memmove(d, s, n)	__builtin_memmove(d, s, n)
#define memset(d, c, n)		__builtin_memset(d, c, n)
#define memcmp(a, b, n)		__builtin_memcmp(a, b, n)
#define strlen(s)		__builtin_strlen(s)

static inline bool isdigit(int c) { return c >= '0' && c <= '9'; }
static inline bool isspace(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline bool isupper(int c) { return c >= 'A' && c <= 'Z'; }
static inline bool islower(int c) { return c >= 'a' && c <= 'z'; }
static inline bool isalpha(int c) { return isupper(c) || islower(c); }
static inline bool isalnum(int c) { return isalpha(c) || isdigit(c); }
static inline bool isprint(int c) { return c >= 0x20 && c < 0x7f; }
static inline int tolower(int c) { return isupper(c) ? c + 32 : c; }
static inline int toupper(int c) { return islower(c) ? c - 32 : c; }

#endif
