"""The table: a row a figure, beside the reference, this run's floor and the target."""
import os
import pathlib
import platform
import re
import time

from . import plot

DOC = pathlib.Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- bench/run writes from here -->", "<!-- to here -->"

US, MS, S = (1e-6, "us"), (1e-3, "ms"), (1, "s")
KB, MB, PERCENT = (1000, "kB"), (1e6, "MB"), (0.01, "%")
# LIST references and targets are of 13,500 pods; those of 5,000 are scaled.
L = 5000 / 13500

# (row, figure, unit, reference, figure of the floor, target in the base unit or None); {many} and {watchers} are of the run
ROWS = [
    ("start to `ready`, ephemeral", "start_ephemeral", MS, "2,760 ms", None, 0.015),
    ("start to `ready`, new data directory", "start_new", MS, "2,760 ms", None, 0.1),
    ("start to `ready`, existing", "start_existing", MS, "-", None, 0.03),
    ("CPU used until `ready`, ephemeral", "start_ephemeral_cpu", MS, "-", None, None),
    ("CPU used until `ready`, new data directory", "start_new_cpu", MS, "-", None, None),
    ("CPU used until `ready`, existing", "start_existing_cpu", MS, "-", None, None),
    ("start to /readyz 200 over TLS, ephemeral", "readyz_ephemeral", MS, "2,760 ms", None, None),
    ("idle RSS, control plane and store", "idle_rss", MB, "318 MB", None, 10e6),
    ("idle PSS", "idle_pss", MB, "-", None, None),
    ("idle anonymous memory", "idle_anon", MB, "-", None, None),
    ("idle CPU, of a core", "idle_cpu", PERCENT, "1.7 %", None, 0.0001),
    ("idle RSS with the node agent", "agent_rss", MB, "-", None, None),
    ("idle PSS with the node agent", "agent_pss", MB, "-", None, None),
    ("node agent, added PSS idle", "agent_added", MB, "275 MB (k3s agent, RSS)", None, 4e6),
    ("node agent, added PSS per pod", "agent_per_pod", MB, "10-11 MB (shim)", None, 0.3e6),
    ("GET pod, CPU, HTTP/1.1, 32 connections", "get_cpu", US, "690-870 us", "get_floor", 25e-6),
    ("GET pod, CPU, HTTP/2, 32 connections", "get_h2_cpu", US, "690-870 us", "get_h2_floor", 25e-6),
    ("GET pod, p50, 1 connection", "get_p50", US, "1,000 us", "get_p50_floor", 45e-6),
    ("CREATE pod, durable, CPU, 64 clients", "create_cpu", US, "2,500 us", "create_floor", 90e-6),
    ("CREATE pod, durable, p50, 1 client", "create_p50", MS, "5.8 ms", "create_p50_floor", 0.4e-3),
    ("Lease renewal (PUT), durable, CPU, 64 clients", "lease_cpu", US, "1,860 us", None, 60e-6),
    ("pod status strategic-merge PATCH, durable, CPU, 64 clients", "status_cpu", US, "7,700-9,000 us", None, 120e-6),
    ("LIST 5,000 pods, JSON, CPU", "list_json_cpu", MS, "467 ms (1.26 s / 13.5 k)", "list_json_floor", 0.12 * L),
    ("LIST 5,000 pods, Table, CPU", "list_table_cpu", MS, "296-481 ms", "list_table_floor", 0.09 * L),
    ("LIST 5,000 pods, protobuf, CPU", "list_protobuf_cpu", MS, "207-381 ms", "list_protobuf_floor", 0.08 * L),
    ("LIST 5,000 pods, JSON, wall", "list_json_wall", MS, "-", None, None),
    ("LIST 13,500 pods, JSON, CPU", "many_json_cpu", MS, "1,260 ms", "list_many_floor", 0.12),
    ("added peak RSS, 8 concurrent LISTs of {many:,} pods, JSON", "list_peak", MB, "490 MB (13.5 k)", None, 8e6),
    ("memory per stored pod, with its event", "pod_memory", KB, "43-68 kB RSS", None, 5e3),
    ("memory per idle watch on its own TLS connection, {watchers:,} of them", "watch_memory", KB, "74 kB", None, 14e3),
    ("open a watch with a new TLS connection, CPU", "watch_open_cpu", US, "1,040 us", None, 420e-6),
    ("PATCH, 100 a second, CPU, nobody watching", "write_alone_cpu", US, "-", None, None),
    ("PATCH, 100 a second, CPU, {watchers:,} watch for something else", "write_watched_cpu", US, "-", None, None),
    ("watch fan-out, CPU per delivery, {watchers:,} watchers", "fanout_cpu", US, "35.3 us", None, 12e-6),
    ("write sent to last of {watchers:,} watchers, median", "fanout_last", MS, "<= 159 ms (2,000)", None, None),
    ("pod create to Ready, image present, p50", "ready_p50", MS, "5 s p99 (SLO)", None, 0.15),
    ("pod create to Ready, slowest", "ready_max", MS, "-", None, None),
]


def show(value, unit):
    value /= unit[0]
    return f"{value:,.0f} {unit[1]}" if value >= 100 else f"{value:.1f} {unit[1]}" if value >= 1 else f"{value:.3f} {unit[1]}"


def verdict(value, target):
    if value is None or not target:
        return "-"
    return "yes" if value <= target else f"**{value / target:.1f} x**"


def row(f, name, key, unit, reference, floor, target):
    value = f.get(key)
    cells = [name.format(**f), show(value, unit) if value is not None else "not measured", reference, show(f[floor], unit) if floor in f else "-",
             f"<= {show(target, unit)}" if target else "-", verdict(value, target)]
    return "| " + " | ".join(cells) + " |"


def table(f, failed):
    if "agent_pss" in f and "idle_pss" in f:
        f["agent_added"] = f["agent_pss"] - f["idle_pss"]
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30
    lines = [f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {model[1] if model else platform.machine()}, {gib:.0f} GiB, "
             f"Linux {platform.release()}, load average {f['load']:.1f} before the run.", "",
             "| row | measured | reference | floor in this run | target | met? |", "|---|---|---|---|---|---|",
             *(row(f, *r) for r in ROWS if f.get(r[1]) is not None or r[1] in ALWAYS)]
    rates = [(k, f[k]) for k in ("get_rate", "create_rate", "lease_rate", "status_rate", "sqlite_rate") if k in f]
    lines += ["", "Rates seen, with the load on the other core: " + ", ".join(f"{k.removesuffix('_rate')} {v:,.0f}/s" for k, v in rates) + "."] if rates else []
    lines += [f"\nNot measured: `{k}`: {v[:200].strip()}" for k, v in failed.items()]
    return "\n".join(lines)


# Rows that a run must not pass over in silence.
ALWAYS = {"start_ephemeral", "idle_rss", "get_cpu", "create_cpu", "lease_cpu", "status_cpu", "list_json_cpu", "watch_memory", "ready_p50"}


def write(f, text):
    doc = DOC.read_text()
    head, rest = doc.split(BEGIN)
    DOC.write_text(f"{head}{BEGIN}\n{text}\n\n![figures over their targets](performance.svg)\n{END}{rest.split(END)[1]}")
    plot.write(DOC.with_suffix(".svg"), [(name.format(**f), f[key] / target, f[floor] / target if floor in f else None)
                                         for name, key, _, _, floor, target in ROWS if target and f.get(key)])
