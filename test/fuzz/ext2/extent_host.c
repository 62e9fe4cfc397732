/* SPDX-License-Identifier: MPL-2.0 */
/* The driver's extent.c, whose initcall is called by hand. */
#include "../../../fs/ext2/extent.c"

int host_ext2_ext_init(void);

int host_ext2_ext_init(void)
{
	return ext2_ext_init();
}
