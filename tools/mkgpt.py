#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Makes a disk image with a GPT for the tests: mkgpt.py FILE MIB NAME:FIRST:LAST... (sectors, inclusive).

Sector s of the image outside of the tables holds the text "sector s" and zeros.
"""
import struct
import sys
import uuid
import zlib

LINUX = uuid.UUID('0fc63daf-8483-4772-8e79-3d69d8477de4').bytes_le


def header(lba, other, last, entries_lba, entries_crc):
    def pack(crc):
        return struct.pack('<8sIIIIQQQQ16sQIII', b'EFI PART', 0x10000, 92, crc, 0, lba, other, 34, last - 33,
                           uuid.UUID(int=0xd15c).bytes_le, entries_lba, 128, 128, entries_crc)
    return pack(zlib.crc32(pack(0))).ljust(512, b'\0')


def main():
    path, sectors = sys.argv[1], int(sys.argv[2]) * 2048
    entries = b''
    for n, part in enumerate(sys.argv[3:], 1):
        name, first, last = part.split(':')
        entries += struct.pack('<16s16sQQQ72s', LINUX, uuid.UUID(int=0x1000 + n).bytes_le, int(first), int(last), 0,
                               name.encode('utf-16-le'))
    entries = entries.ljust(128 * 128, b'\0')
    crc, last = zlib.crc32(entries), sectors - 1
    mbr = bytearray(512)
    mbr[446:462] = struct.pack('<B3sB3sII', 0, b'\0\2\0', 0xee, b'\xff\xff\xff', 1, last)
    mbr[510:512] = b'\x55\xaa'
    with open(path, 'wb') as f:
        for s in range(sectors):
            f.write(b'sector %d' % s + bytes(512 - len(b'sector %d' % s)))
        for lba, data in ((0, bytes(mbr)), (1, header(1, last, last, 2, crc)), (2, entries),
                          (last - 32, entries), (last, header(last, 1, last, last - 32, crc))):
            f.seek(lba * 512)
            f.write(data)


if __name__ == '__main__':
    main()
