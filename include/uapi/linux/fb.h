/* SPDX-License-Identifier: MPL-2.0 */
/* The frame buffer device. */
#ifndef UAPI_LINUX_FB_H
#define UAPI_LINUX_FB_H

#include <uapi/linux/types.h>

#define FBIOGET_VSCREENINFO	0x4600
#define FBIOPUT_VSCREENINFO	0x4601
#define FBIOGET_FSCREENINFO	0x4602
#define FBIOPAN_DISPLAY		0x4606
#define FBIOBLANK		0x4611
#define FB_TYPE_PACKED_PIXELS	0
#define FB_VISUAL_TRUECOLOR	2
#define FB_ACCEL_NONE		0

struct fb_fix_screeninfo {
	char id[16];
	__u64 smem_start;
	__u32 smem_len;
	__u32 type;
	__u32 type_aux;
	__u32 visual;
	__u16 xpanstep;
	__u16 ypanstep;
	__u16 ywrapstep;
	__u32 line_length;
	__u64 mmio_start;
	__u32 mmio_len;
	__u32 accel;
	__u16 capabilities;
	__u16 reserved[2];
};
UAPI_SIZE(struct fb_fix_screeninfo, 80);

struct fb_bitfield {
	__u32 offset;
	__u32 length;
	__u32 msb_right;
};
UAPI_SIZE(struct fb_bitfield, 12);

struct fb_var_screeninfo {
	__u32 xres;
	__u32 yres;
	__u32 xres_virtual;
	__u32 yres_virtual;
	__u32 xoffset;
	__u32 yoffset;
	__u32 bits_per_pixel;
	__u32 grayscale;
	struct fb_bitfield red;
	struct fb_bitfield green;
	struct fb_bitfield blue;
	struct fb_bitfield transp;
	__u32 nonstd;
	__u32 activate;
	__u32 height;
	__u32 width;
	__u32 accel_flags;
	__u32 pixclock;
	__u32 left_margin;
	__u32 right_margin;
	__u32 upper_margin;
	__u32 lower_margin;
	__u32 hsync_len;
	__u32 vsync_len;
	__u32 sync;
	__u32 vmode;
	__u32 rotate;
	__u32 colorspace;
	__u32 reserved[4];
};
UAPI_SIZE(struct fb_var_screeninfo, 160);

#endif
