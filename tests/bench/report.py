#!/usr/bin/python3
"""report.py CSV TREE: writes the figures that run.sh has measured into README.md, tests/bench/README.md
and tests/bench/chart.svg of TREE. In the pages they stand between two comments."""

import collections
import csv
import datetime
import os
import re
import statistics
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as pyplot

CONTESTANTS = {
    "empty": "an empty library",
    "smallest": "the smallest hook",
    "noselfconn": "libnoselfconn",
    "host": "host rule",
    "both": "both",
}
PEERS = ("libkeepalive", "torsocks", "proxychains4")

CALLS = {
    "connect-v4": "`connect()`, IPv4",
    "connect-v6": "`connect()`, IPv6",
    "connect-v4-nonblocking": "`connect()`, IPv4, non-blocking",
    "connect-v6-nonblocking": "`connect()`, IPv6, non-blocking",
    "connect-2-threads": "`connect()`, 10,000 from 2 threads",
    "connect-8-threads": "`connect()`, 10,000 from 8 threads",
    "refused": "`socket()`, refused `connect()`, `close()`",
    "connect-unix": "`connect()`, UNIX",
    "sendto-udp": "`sendto()`, UDP",
    "sendmsg-tcp": "`sendmsg()`, TCP",
    "start": "start of `/bin/true`",
    "start-200": "start of a program with 200 libraries",
    "throughput-tcp": "1 MB through TCP, iperf3",
    "throughput-udp": "1 MB through UDP, iperf3",
}
COUNTED = {
    "connect-unix": "`connect()`, UNIX",
    "connect-v4": "`connect()`, IPv4",
    "connect-v6": "`connect()`, IPv6",
    "connect-v4-nonblocking": "`connect()`, IPv4, non-blocking",
    "connect-v6-nonblocking": "`connect()`, IPv6, non-blocking",
    "refused": "`connect()`, IPv4, refused",
    "sendto-udp": "`sendto()`, UDP",
    "sendmsg-tcp": "`sendmsg()`, TCP",
    "sendmmsg-tcp": "`sendmmsg()`, TCP",
    "start": "start of `/bin/true`",
}
ANSWERS = {
    "refusal": "no self-connect: a true refusal",
    "self-connect": "a self-connect, the kernel has other ports",
    "self-connect-explicit": "a self-connect from a port that the program chose itself",
}


class Measured:
    """The values of all rounds, indexed by what was measured and by contestant."""

    def __init__(self, path):
        self.rounds = collections.defaultdict(list)
        with open(path, encoding="ascii") as lines:
            for line in csv.DictReader(lines):
                self.rounds[line["what"], line["under"]].append(line["value"])

    def passes(self, what, under):
        return (what, under) in self.rounds and "fails" not in self.rounds[what, under]

    def number(self, what, under):
        return statistics.median(float(value) for value in self.rounds[what, under])

    def ratio(self, what, under, base="none"):
        """Lower quartile, median and upper quartile of the ratios, each within one round."""
        ratios = sorted(
            float(value) / float(to)
            for value, to in zip(self.rounds[what, under], self.rounds[what, base], strict=True)
        )
        return [ratios[round(quarter * (len(ratios) - 1) / 4)] for quarter in (1, 2, 3)]


def time_text(nanoseconds):
    for unit, size in (("ns", 1), ("us", 1e3), ("ms", 1e6)):
        if nanoseconds < 1000 * size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds / 1e9:.0f} s"


def ratio_text(ratio):
    low, median, high = ratio
    return f"{median:.3f} ({low:.3f}-{high:.3f})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def times_table(measured):
    return table(
        ["call, over loopback", "time without"] + list(CONTESTANTS.values()),
        (
            [name, time_text(measured.number(what, "none"))]
            + [ratio_text(measured.ratio(what, under)) for under in CONTESTANTS]
            for what, name in CALLS.items()
        ),
    )


def peers_table(measured):
    def cell(what, under):
        if not measured.passes(what, under):
            return "does not pass it"
        return ratio_text(measured.ratio(what, under))

    peers = [peer for peer in PEERS if any(under == peer for _, under in measured.rounds)]
    rows = [what for what in CALLS if (what, "torsocks") in measured.rounds] if peers else []
    return table(
        ["call, over loopback", "libnoselfconn"] + peers,
        ([CALLS[what]] + [cell(what, under) for under in ["noselfconn"] + peers] for what in rows),
    )


def counts_table(measured):
    def cell(what, under, figure):
        return f"{measured.number(f'{what}.{figure}', under):,.0f}"

    return table(
        ["call", "instructions", "of the smallest hook", "system calls", "of the smallest hook"],
        (
            [name]
            + [
                cell(what, under, figure)
                for figure in ("instructions", "system_calls")
                for under in ("noselfconn", "smallest")
            ]
            for what, name in COUNTED.items()
        ),
    )


def answers_table(measured):
    rows = []
    for what, name in ANSWERS.items():
        for variant, kind in (("", "blocking"), ("-nonblocking", "non-blocking")):
            rows.append(
                [f"{name}, {kind}"]
                + [
                    time_text(measured.number(what + variant, under))
                    for under in ("none", "noselfconn", "host")
                ]
            )
    return table(["until the true answer", "without a cure", "libnoselfconn", "host rule"], rows)


def server_table(measured):
    cures = ("none", "noselfconn", "host")
    bound = int(measured.number("bound", "all"))
    tried = int(measured.number("tried", "all"))

    def row(name, what, text):
        return [name] + [text(measured.number(what, under)) for under in cures]

    def share(failures):
        return f"{failures:,.0f} of {bound:,}"

    return table(
        ["for the server", "without a cure", "libnoselfconn", "host rule"],
        [
            row(
                "after a self-connect, until it can have its port",
                "wait-for-bind",
                lambda nanoseconds: time_text(nanoseconds) if nanoseconds > 1e6 else "at once",
            ),
            row("its `bind()` fails, default range", "binds 32768 60999", share),
            row("its `bind()` fails, range of one port", "binds 44444 44444", share),
            row(
                f"self-connects in {tried:,} tries of its port while it is down, default range",
                "tries",
                lambda reached: f"{reached:,.0f}",
            ),
        ],
    )


def growth_table(measured):
    return table(
        ["ports taken of 28,232", "time without", "libnoselfconn", "host rule", "both"],
        (
            [f"{taken:,}", time_text(measured.number(f"connect-{taken}-taken", "none"))]
            + [
                ratio_text(measured.ratio(f"connect-{taken}-taken", under))
                for under in ("noselfconn", "host", "both")
            ]
            for taken in (10, 1000, 28000)
        ),
    )


def size_table(measured):
    def row(name, what):
        return [name] + [f"{measured.number(what, under):,.0f}" for under in ("noselfconn", "empty")]

    return table(
        ["size", "libnoselfconn", "an empty library"],
        [row("file, stripped, bytes", "size"), row("relocations", "relocations"),
         row("private pages of a process", "private-pages")],
    )


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    today = datetime.datetime.now(datetime.timezone.utc)
    return (f"{len(models)} x {models[0] if models else os.uname().machine}, "
            f"Linux {os.uname().release}, {today.day} {today:%B %Y}")


def longer(measured, what, under):
    """How much more time it takes, or that the difference is within the noise."""
    low, median, _ = measured.ratio(what, under)
    if low <= 1:
        return "within the noise"
    more = time_text((median - 1) * measured.number(what, "none"))
    return f"+{more} ({100 * (median - 1):.1f} %)"


def four_figures(measured):
    """The README's figures, one line each."""

    def rate(under):
        return f"{8e6 / measured.number('throughput-tcp', under):.1f}"

    def time(what, under):
        return time_text(measured.number(what, under))

    return f"""\
- A TCP connection over loopback: {time("connect-v4", "none")}; library \
{longer(measured, "connect-v4", "noselfconn")}, host rule {longer(measured, "connect-v4", "host")}.
- Data on one connection: {rate("none")} Gbit/s; library {rate("noselfconn")}, host rule \
{rate("host")}.
- Start of a program: {time("start", "none")}; library {longer(measured, "start", "noselfconn")}.
- A self-connect: refused after {time("self-connect", "noselfconn")}, and the server can start; \
without a cure only {time("wait-for-bind", "none")} after `close()`.
- Measured on {machine()}."""


def tables(measured):
    return "\n\n".join(
        [
            f"{machine()}; {measured.number('rounds', 'all'):.0f} rounds.",
            "![Bar chart of the table Times: how much longer each call takes](chart.svg)",
            "## Counted",
            counts_table(measured),
            "## Times",
            times_table(measured),
            "## Beside other libraries",
            peers_table(measured),
            "## The price of the cure",
            answers_table(measured),
            server_table(measured),
            "## With the ports of the range taken",
            growth_table(measured),
            "## Size",
            size_table(measured),
        ]
    )


def replace(path, text):
    with open(path, encoding="utf-8") as page:
        old = page.read()
    new, found = re.subn(
        r"(<!-- measured -->\n).*?(<!-- end -->)", lambda match: match[1] + text + "\n" + match[2],
        old, flags=re.DOTALL)
    if found != 1:
        sys.exit(f"report.py: {path} has {found} pairs of <!-- measured --> and <!-- end -->, "
                 "expected one")
    with open(path, "w", encoding="utf-8") as page:
        page.write(new)


# A placeholder colour, replaced by currentColor, which STYLE sets for light and dark pages.
INK = "#010203"
STYLE = """<style>
  :root { color: #1f2328 } @media (prefers-color-scheme: dark) { :root { color: #e6edf3 } }
  text { font-family: sans-serif }
</style>
"""
BARS = {"empty": "#8c959f", "noselfconn": "#2f81f7", "host": "#d9822b", "both": "#a371f7"}


def chart(measured, path):
    """Horizontal bars, each group with its name above it, narrow enough for a phone."""
    matplotlib.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 11, "text.color": INK,
        "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK,
    })
    figure, axes = pyplot.subplots(figsize=(5, 12))
    step = len(BARS) + 2
    for place, (what, name) in enumerate(CALLS.items()):
        axes.text(0, place * step - 1.1, name.replace("`", ""), va="center", weight="bold",
                  transform=axes.get_yaxis_transform())
        axes.plot([0, 0], [place * step - 0.55, place * step + len(BARS) - 0.45], color=INK,
                  linewidth=0.8)
        for line, (under, colour) in enumerate(BARS.items()):
            low, median, high = (100 * (ratio - 1) for ratio in measured.ratio(what, under))
            axes.barh(place * step + line, median, 0.85, color=colour,
                      label=CONTESTANTS[under] if place == 0 else None)
            axes.plot([low, high], [place * step + line] * 2, color=INK, linewidth=1)
    axes.set_ylim(len(CALLS) * step - 1.5, -2)
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.0f} %" if value else "0")
    axes.xaxis.tick_top()
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    figure.legend(*axes.get_legend_handles_labels(), loc="upper center", ncols=2, frameon=False,
                  title="additional time, median and quartiles")
    figure.subplots_adjust(left=0.03, right=0.97, top=0.905, bottom=0.005)
    figure.savefig(path, transparent=True, metadata={"Date": None})
    with open(path, encoding="utf-8") as picture:
        svg = picture.read()
    svg = re.sub(r"(<svg [^>]*>\n)", lambda match: match[1] + STYLE, svg, count=1)
    with open(path, "w", encoding="utf-8") as picture:
        picture.write(re.sub(" +$", "", svg.replace(INK, "currentColor"), flags=re.MULTILINE))


def main():
    path, tree = sys.argv[1:]
    measured = Measured(path)
    replace(os.path.join(tree, "README.md"), four_figures(measured))
    replace(os.path.join(tree, "tests/bench/README.md"), tables(measured))
    chart(measured, os.path.join(tree, "tests/bench/chart.svg"))


main()
