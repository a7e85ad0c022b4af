#!/usr/bin/python3
"""Turns the output of examples/demo.sh into a terminal recording, an animated SVG. From the top of
the source tree:

    examples/demo.sh | .github/pictures/recording.py >.github/pictures/demo.svg

Each line of output is one <text>. The animation scrolls at the speed of a reader: the demonstration
itself prints most of its lines at once.
"""
import html
import re
import sys

COLUMNS, ROWS = 72, 22
LINE_HEIGHT, MARGIN, WIDTH = 20, 16, 640
HEIGHT = ROWS * LINE_HEIGHT + 2 * MARGIN

# The kinds of lines, what they begin with, and the seconds that a reader needs for one.
KINDS = [
    ("heading", re.compile(r"\d\. |What next"), 0.8),
    ("command", re.compile(r"  \$ "), 0.8),
    ("output", re.compile(r"    "), 0.25),
    ("blank", re.compile(r"$"), 0.3),
    ("prose", re.compile(r""), 0.9),
]
SECONDS_AT_THE_END = 5
# The first time, so that nobody looks at an empty screen.
SECONDS_SKIPPED = 4


def kind_of(line):
    return next((name, seconds) for name, start, seconds in KINDS if start.match(line))


def wrap(line):
    """As a terminal does it."""
    return [line[i : i + COLUMNS] for i in range(0, len(line), COLUMNS)] or [""]


def baseline(row):
    return (row + 1) * LINE_HEIGHT - 5


def keyframes(name, offsets, times, duration):
    """The vertical offsets of something at given times, in seconds."""
    steps = [
        f"{100 * time / duration:.2f}%{{transform:translateY({offset}px)}}"
        for i, (time, offset) in enumerate(zip(times, offsets))
        if i == 0 or offset != offsets[i - 1]
    ]
    return f"@keyframes {name}{{{''.join(steps)}}}"


lines = sys.stdin.read().splitlines()
texts, times, last_rows = [], [], []
row, time = 0, 0.0
for line in lines:
    kind, seconds = kind_of(line)
    first, *rest = wrap(line)
    texts.append(
        f'<text class="{kind}" x="0" y="{baseline(row)}">{html.escape(first)}'
        + "".join(
            f'<tspan x="0" y="{baseline(row + i)}">{html.escape(part)}</tspan>'
            for i, part in enumerate(rest, start=1)
        )
        + "</text>"
    )
    row += 1 + len(rest)
    times.append(time)
    last_rows.append(row)
    time += seconds * (1 + len(rest))
duration = time + SECONDS_AT_THE_END

scroll = [min(0, (ROWS - last) * LINE_HEIGHT) for last in last_rows]
cover = [min(ROWS, last) * LINE_HEIGHT for last in last_rows]
newline = "\n"
print(f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" \
height="{HEIGHT}" role="img" aria-labelledby="title desc">
<title id="title">The demonstration, examples/demo.sh, in a terminal</title>
<desc id="desc">Without the library, telnet is connected to itself after some tries, although nobody
listens. It reads back what is typed, and the server cannot start: Address already in use. With the
library, the same telnet prints "Connection refused", and the server starts at once.</desc>
<style>
text{{font:14px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;white-space:pre;fill:#c9d1d9}}
.heading{{fill:#79c0ff;font-weight:bold}}
.command{{fill:#7ee787;font-weight:bold}}
.prose{{fill:#f0f6fc}}
.paper,.cover{{fill:#0d1117}}
.paper{{stroke:#656c76}}
.scroll,.cover{{animation:{duration:.1f}s step-end -{SECONDS_SKIPPED}s infinite}}
.scroll{{animation-name:scroll}}
.cover{{animation-name:cover;transform:translateY({ROWS * LINE_HEIGHT}px)}}
{keyframes("scroll", scroll, times, duration)}
{keyframes("cover", cover, times, duration)}
@media (prefers-reduced-motion:reduce){{.scroll,.cover{{animation:none}}}}
</style>
<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>
<svg x="{MARGIN}" y="{MARGIN}" width="{WIDTH - 2 * MARGIN}" height="{ROWS * LINE_HEIGHT}" \
xml:space="preserve">
<g class="scroll">
{newline.join(texts)}
</g>
<rect class="cover" width="100%" height="100%"/>
</svg>
</svg>""")
