/* SPDX-License-Identifier: MPL-2.0 */
/* The driver's super.c, whose initcall is called by hand. */
#include "../../../fs/ext2/super.c"

int host_ext2_init(void);

int host_ext2_init(void)
{
	return ext2_init();
}
