#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The console font: from drawings in drivers/tty/font.txt to a C table, and screens back to text.

    mkfont.py FONT.TXT OUT.H          write the table
    mkfont.py FONT.TXT --show TEXT    print TEXT in the font
    mkfont.py FONT.TXT --read PPM     print the text on a screen dump, cell by cell

Box drawing (U+2500) and block elements (U+2580) are computed here; all else is drawn in font.txt, which
describes its format. As a module: load() and read_screen() are for the boot tests, which read screens.
"""
import functools
import sys

WIDTH, HEIGHT, FIRST_ROW, ROWS = 8, 16, 2, 13
MID_X, MID_Y = 3, 7

# Arms of U+2500 up, right, down, left: 0 none, 1 light, 2 heavy, 3 double; a letter: h2 h3 h4 v2 v3 v4
# dashes, arcs a to d, diagonals.
BOX = '''0101 0202 1010 2020 h3 H3 v3 V3 h4 H4 v4 V4 0110 0210 0120 0220
0011 0012 0021 0022 1100 1200 2100 2200 1001 1002 2001 2002 1110 1210 2110 1120
2120 2210 1220 2220 1011 1012 2011 1021 2021 2012 1022 2022 0111 0112 0211 0212
0121 0122 0221 0222 1101 1102 1201 1202 2101 2102 2201 2202 1111 1112 1211 1212
2111 1121 2121 2112 2211 1122 1221 2212 1222 2122 2221 2222 h2 H2 v2 V2
0303 3030 0310 0130 0330 0013 0031 0033 1300 3100 3300 1003 3001 3003 1310 3130
3330 1013 3031 3033 0313 0131 0333 1303 3101 3303 1313 3131 3333 arc0 arc1 arc2
arc3 dia1 dia2 dia3 0001 1000 0100 0010 0002 2000 0200 0020 0201 1020 0102 2010'''.split()


class Canvas:
    """One glyph: rows of dots."""

    def __init__(self):
        self.dots = [[0] * WIDTH for _ in range(HEIGHT)]

    def fill(self, x0, y0, x1, y1, on=1):
        for y in range(max(y0, 0), min(y1, HEIGHT)):
            for x in range(max(x0, 0), min(x1, WIDTH)):
                self.dots[y][x] = on

    def bytes(self):
        return bytes(sum(d << (7 - x) for x, d in enumerate(row)) for row in self.dots)


def draw_arms(arms):
    c = Canvas()
    up, right, down, left = (int(a) for a in arms)
    # Double lines: three dots thick, then hollowed out along the middle.
    for carve in (0, 1):
        x0, x1 = (MID_X, MID_X + 1) if carve else (MID_X - 1, MID_X + 2)
        y0, y1 = (MID_Y, MID_Y + 1) if carve else (MID_Y - 1, MID_Y + 2)
        on = 1 - carve
        # On a single line that passes they begin at that line.
        tee_x, tee_y = up in (1, 2) and down in (1, 2), left in (1, 2) and right in (1, 2)
        if up == 3:
            c.fill(x0, 0, x1, MID_Y + 1 if tee_y else y1, on)
        if down == 3:
            c.fill(x0, MID_Y if tee_y else y0, x1, HEIGHT, on)
        if left == 3:
            c.fill(0, y0, MID_X + 1 if tee_x else x1, y1, on)
        if right == 3:
            c.fill(MID_X if tee_x else x0, y0, WIDTH, y1, on)
    # Single lines reach the far side of what they meet; a double line that passes is not crossed half.
    thick = {1: 1, 2: 2}
    across_y, across_x = left == 3 or right == 3, up == 3 or down == 3
    if up in thick:
        end = MID_Y if left == 3 and right == 3 and not down else MID_Y + 2 if across_y else MID_Y + max(thick.get(left, 1), thick.get(right, 1))
        c.fill(MID_X, 0, MID_X + thick[up], end)
    if down in thick:
        start = MID_Y + 1 if left == 3 and right == 3 and not up else MID_Y - 1 if across_y else MID_Y
        c.fill(MID_X, start, MID_X + thick[down], HEIGHT)
    if left in thick:
        end = MID_X if up == 3 and down == 3 and not right else MID_X + 2 if across_x else MID_X + max(thick.get(up, 1), thick.get(down, 1))
        c.fill(0, MID_Y, end, MID_Y + thick[left])
    if right in thick:
        start = MID_X + 1 if up == 3 and down == 3 and not left else MID_X - 1 if across_x else MID_X
        c.fill(start, MID_Y, WIDTH, MID_Y + thick[right])
    return c


def draw_dashes(kind):
    c, n, t = Canvas(), int(kind[1]), 2 if kind[0].isupper() else 1
    size = WIDTH if kind[0] in 'hH' else HEIGHT
    for i in range(n):
        a, b = i * size // n, (i + 1) * size // n - max(1, size // n // 3)
        if size == WIDTH:
            c.fill(a, MID_Y, b, MID_Y + t)
        else:
            c.fill(MID_X, a, MID_X + t, b)
    return c


def draw_box(spec):
    if spec[0] in 'hHvV':
        return draw_dashes(spec)
    if spec.startswith('dia'):
        c = Canvas()
        for y in range(HEIGHT):
            if spec[3] in '13':
                c.dots[y][7 - y // 2] = 1
            if spec[3] in '23':
                c.dots[y][y // 2] = 1
        return c
    if spec.startswith('arc'):
        # Down right, down left, up left, up right: two straight arms that miss their meeting point.
        k = int(spec[3])
        c = draw_arms(('0110', '0011', '1001', '1100')[k])
        c.dots[MID_Y][MID_X] = 0
        return c
    return draw_arms(spec)


def draw_block(code):
    c, i = Canvas(), code - 0x2580
    if i == 0:
        c.fill(0, 0, 8, 8)
    elif i <= 8:
        c.fill(0, HEIGHT - 2 * i, 8, HEIGHT)
    elif i <= 0xF:
        c.fill(0, 0, 16 - i, HEIGHT)
    elif i == 0x10:
        c.fill(4, 0, 8, HEIGHT)
    elif i <= 0x13:
        for y in range(HEIGHT):
            for x in range(WIDTH):
                light = (x + 2 * (y & 1)) % 4 == 0
                c.dots[y][x] = int((light, (x + y) % 2 == 0, not light)[i - 0x11])
    elif i == 0x14:
        c.fill(0, 0, 8, 2)
    elif i == 0x15:
        c.fill(7, 0, 8, HEIGHT)
    else:
        # Quadrants: upper left 1, upper right 2, lower left 4, lower right 8.
        bits = (4, 8, 1, 13, 9, 7, 11, 2, 6, 14)[i - 0x16]
        for b, (x, y) in enumerate(((0, 0), (4, 0), (0, 8), (4, 8))):
            if bits >> b & 1:
                c.fill(x, y, x + 4, y + 8)
    return c


def parse_char(word):
    return int(word[2:], 16) if word.startswith('U+') else ord(word)


def parse(path):
    """Drawings, marks and compositions of font.txt."""
    glyphs, accents, composed, into = {}, {}, [], None
    with open(path, encoding='utf-8') as f:
        for n, line in enumerate(f.read().split('\n'), 1):
            words = line.split()
            if not words or (line.startswith('#') and into is None) or line.startswith('# '):
                into = None
            elif words[0] == 'glyphs' and len(words) > 1:
                into = [glyphs.setdefault(parse_char(w), []) for w in words[1:]]
            elif words[0] == 'accent':
                into = [accents.setdefault(words[1], [])]
            elif words[0] == 'compose':
                into = None
                composed.append((parse_char(words[1]), parse_char(words[2]), words[3]))
            else:
                if into is None or len(words) != len(into) or any(len(w) != 7 or set(w) - set('.#') for w in words):
                    raise SystemExit(f'{path}:{n}: not a row of dots')
                for g, w in zip(into, words):
                    g.append([int(d == '#') for d in w])
    return glyphs, accents, composed


def place(c, rows, top):
    for y, row in enumerate(rows):
        for x, d in enumerate(row):
            c.dots[top + y][x] |= d


def load(path):
    """{code point: 16 bytes, one a scan line, left dot in the highest bit}"""
    glyphs, accents, composed = parse(path)
    font = {}
    for code, rows in glyphs.items():
        if len(rows) > ROWS:
            raise SystemExit(f'{path}: U+{code:04X} is {len(rows)} lines high')
        c = Canvas()
        place(c, rows, FIRST_ROW)
        if code in (0x5F, 0x2014):
            for row in c.dots:
                row[7] = row[6]
        font[code] = c.bytes()
    for code, base, mark in composed:
        c = Canvas()
        place(c, glyphs[base], FIRST_ROW)
        top = 12 if mark == 'cedilla' else 0 if chr(base).isupper() else 2
        place(c, accents[mark], top + (mark == 'diaeresis' and top == 2))
        font[code] = c.bytes()
    font[0xA0], font[0xAD] = font[0x20], font[0x2D]
    for i, spec in enumerate(BOX):
        font[0x2500 + i] = draw_box(spec).bytes()
    for code in range(0x2580, 0x25A0):
        font[code] = draw_block(code).bytes()
    for code, y in ((0x23BA, 1), (0x23BB, 4), (0x23BC, 11), (0x23BD, 14)):
        c = Canvas()
        c.fill(0, y, WIDTH, y + 1)
        font[code] = c.bytes()
    seen = {}
    for code in range(0x20, 0x7F):
        if font.get(code) is None or font[code] in seen:
            raise SystemExit(f'{path}: {chr(code)!r} is missing or looks like {seen.get(font.get(code))!r}')
        seen[font[code]] = chr(code)
    return font


def write_header(font, path):
    codes = sorted(font)
    with open(path, 'w') as f:
        f.write('/* generated by tools/mkfont.py from drivers/tty/font.txt */\n')
        f.write(f'#define VT_FONT_GLYPHS {len(codes)}\nstatic const u16 vt_font_codes[VT_FONT_GLYPHS] = {{\n')
        for i in range(0, len(codes), 12):
            f.write('\t' + ' '.join(f'{c:#06x},' for c in codes[i:i + 12]) + '\n')
        f.write('};\nstatic const u8 vt_font_dots[VT_FONT_GLYPHS][16] = {\n')
        for c in codes:
            f.write('\t{ ' + ', '.join(f'{b:#04x}' for b in font[c]) + f' }},\t/* U+{c:04X} */\n')
        f.write('};\n')


def read_ppm(path):
    with open(path, 'rb') as f:
        data = f.read()
    fields, at = [], 0
    while len(fields) < 4:
        while data[at:at + 1].isspace():
            at += 1
        if data[at:at + 1] == b'#':
            at = data.index(b'\n', at)
            continue
        end = at
        while not data[end:end + 1].isspace():
            end += 1
        fields.append(data[at:end])
        at = end
    if fields[0] != b'P6' or fields[3] != b'255':
        raise ValueError(f'{path}: no PPM of 8 bits')
    return int(fields[1]), int(fields[2]), data[at + 1:]


def read_screen(font, path):
    """The lines of text on a screen dump in our font; what is no glyph of ours comes as U+FFFD."""
    width, height, dots = read_ppm(path)
    back = {}
    for code in sorted(font, reverse=True):
        back[font[code]] = chr(code)

    @functools.lru_cache(None)
    def char(cell):
        at = [cell[i:i + 3] for i in range(0, len(cell), 3)]
        shape = [sum((at[y * WIDTH + x] != at[7]) << (7 - x) for x in range(WIDTH)) for y in range(HEIGHT)]
        text = back.get(bytes(shape))
        # The cursor is two full lines at the foot of its cell.
        if text in (None, '\u2581') and shape[14] == shape[15] == 0xFF:
            text = back.get(bytes(shape[:14] + [0, 0]))
        if text is None:
            text = back.get(bytes(s ^ 0xFF for s in shape))
        return text or '\ufffd'

    lines = []
    for top in range(0, height - HEIGHT + 1, HEIGHT):
        rows = [dots[3 * y * width:3 * (y + 1) * width] for y in range(top, top + HEIGHT)]
        lines.append(''.join(char(b''.join(r[3 * x:3 * (x + WIDTH)] for r in rows))
                             for x in range(0, width - WIDTH + 1, WIDTH)).rstrip())
    return lines


def main():
    if len(sys.argv) == 3:
        write_header(load(sys.argv[1]), sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[2] == '--show':
        font = load(sys.argv[1])
        for y in range(HEIGHT):
            print(''.join(f'{font.get(ord(ch), font[0xFFFD])[y]:08b}' for ch in sys.argv[3]).replace('0', ' ').replace('1', '#'))
    elif len(sys.argv) == 4 and sys.argv[2] == '--read':
        print('\n'.join(read_screen(load(sys.argv[1]), sys.argv[3])))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
