"""A bar a row, on a logarithmic scale of the figure over its target, and a mark where this run's floor is: an SVG without a library."""
import math
from xml.sax.saxutils import escape

LABEL, WIDTH, ROW, LOW, HIGH = 440, 420, 18, 0.1, 30


def x(ratio):
    part = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LABEL + part * WIDTH


def bar(at, name, ratio, floor):
    y = 34 + at * ROW
    out = [f'<text x="{LABEL - 8}" y="{y + 10}" text-anchor="end">{escape(name)}</text>',
           f'<rect x="{LABEL}" y="{y}" width="{x(ratio) - LABEL:.1f}" height="12" fill="{"#3b7d4f" if ratio <= 1 else "#b5533c"}"/>',
           f'<text x="{x(ratio) + 4:.1f}" y="{y + 10}">{ratio:.2f}</text>']
    if floor:
        out.append(f'<line x1="{x(floor):.1f}" x2="{x(floor):.1f}" y1="{y - 1}" y2="{y + 13}" stroke="#222" stroke-width="2"/>')
    return out


def write(path, rows):
    """rows: (name, figure over target, floor over target or None)"""
    height = 40 + ROW * len(rows)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + WIDTH + 60}" height="{height}" font-family="sans-serif" font-size="11">',
             f'<rect width="100%" height="100%" fill="#fff"/><text x="{LABEL}" y="14">figure over target, logarithmic; black: the floor in the same run</text>']
    for tick in (0.1, 0.3, 1, 3, 10, 30):
        lines.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="28" y2="{height - 6}" stroke="{"#222" if tick == 1 else "#ddd"}"/>'
                     f'<text x="{x(tick):.1f}" y="26" text-anchor="middle" fill="#666">{tick:g}</text>')
    for at, r in enumerate(rows):
        lines += bar(at, *r)
    path.write_text("\n".join(lines) + "\n</svg>\n")
