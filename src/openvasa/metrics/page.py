"""One self-contained HTML page of a run: table, plots, contact sheets, the worst cases first."""

from __future__ import annotations

import base64
import html
from pathlib import Path

from openvasa.metrics.case_results import write_whole
from openvasa.metrics.catalog import FIGURES
from openvasa.metrics.picture_figures import TILE
from openvasa.metrics.report import Report, set_rows
from openvasa.metrics.scoring import Scored
from openvasa.metrics.summary import Estimate, shown, worst_first
from openvasa.metrics.svg_plots import Strip, strip_plot

_MOST_SHEETS = 24  # of a system: the worst
_STYLE = """\
body{font:15px/1.45 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .6em;text-align:right;
border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}td:first-child,th:first-child{
text-align:left}small,.interval{color:#777}.plots{display:flex;flex-wrap:wrap;gap:1em}
figure{margin:0;flex:1 1 440px}figcaption{font-weight:600}svg{width:100%}svg text{font-size:11px;
fill:currentColor}.case{margin:1em 0;padding-top:.5em;border-top:1px solid #ddd}.case img{
max-width:100%;display:block}.captions{display:flex}.captions span{width:150px;font-size:11px;
color:#555}.error{color:#a22}code{background:#f3f3f3;padding:.1em .3em;word-break:break-all}
@media(prefers-color-scheme:dark){body{background:#191919;color:#ddd}code{background:#2a2a2a}
td,th,.case{border-color:#3a3a3a}.captions span{color:#aaa}}"""


def write_page(report: Report, target: Path, title: str, more: str = "") -> None:
    """Writes the page.

    Args:
        report: The run.
        target: An .html file.
        title: Its headline.
        more: HTML that goes above the table, as the corruption run has.
    """
    parts = [
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title>",
        '<meta name="viewport" content="width=device-width">',
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>",
        f"<p><code>{html.escape(str(report.made_with['command']))}</code></p>",
        more, "<h2>Figures</h2>", _table(report), _notes(report),
        "<h2>Every case</h2><p>A dot is a case; the bar is the mean with its 95 % interval.</p>",
        f'<div class="plots">{_plots(report)}</div>', _cases(report),
        "<h2>Made with</h2>", _made_with(report),
    ]  # fmt: skip
    write_whole(target, "\n".join(parts) + "\n")


def _table(report: Report) -> str:
    names = list(report.systems)
    rows = ["<tr><th>figure</th>" + "".join(f"<th>{html.escape(n)}</th>" for n in names) + "</tr>"]
    for figure in FIGURES:
        cells = [report.figures[name].get(figure.key) for name in names]
        if any(cells):
            unit = f", {figure.unit}" if figure.unit else ""
            label = f"{html.escape(figure.title + unit)} <small>{figure.better.value}</small>"
            shown_cells = "".join(f"<td>{_cell(cell, figure.key)}</td>" for cell in cells)
            rows.append(f"<tr><td>{label}</td>{shown_cells}</tr>")
    for label, *texts in set_rows(report):
        shown_cells = "".join(f"<td>{html.escape(text)}</td>" for text in texts)
        rows.append(f"<tr><td>{html.escape(label)}</td>{shown_cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _cell(found: Estimate | None, key: str) -> str:
    if found is None:
        return "–"
    span = f"{shown(key, found.low)} to {shown(key, found.high)}"
    return f'{shown(key, found.mean)}<br><span class="interval">{span}</span>'


def _notes(report: Report) -> str:
    if not report.notes:
        return ""
    items = "".join(f"<li>{html.escape(note)}</li>" for note in report.notes)
    return f"<h2>Read with care</h2><ul>{items}</ul>"


def _plots(report: Report) -> str:
    plots = []
    for figure in FIGURES:
        strips = []
        for name, rows in report.systems.items():
            values = [one.values[figure.key] for one in rows if figure.key in one.values]
            found = report.figures[name].get(figure.key)
            if values and found is not None:
                strips.append(Strip(name, values, found.mean, found.low, found.high))
        if strips:
            unit = f", {figure.unit}" if figure.unit else ""
            better = f" (better: {figure.better.value})"
            plots.append(strip_plot(figure.title + unit + better, strips))
    return "".join(plots)


def _cases(report: Report) -> str:
    parts = ["<h2>The worst first</h2>"]
    for name, rows in report.systems.items():
        ranked = worst_first(rows)
        parts.append(f"<h3>{html.escape(name)}: {len(rows)} cases</h3>")
        parts += [_case(one, bad) for one, bad in ranked[:_MOST_SHEETS]]
        if len(ranked) > _MOST_SHEETS:
            parts.append(f"<p>{len(ranked) - _MOST_SHEETS} better ones are in report.json.</p>")
    return "\n".join(parts)


def _case(one: Scored, bad: float) -> str:
    title = html.escape(one.case.name)
    tags = html.escape(", ".join(value for value in one.case.tags.values() if value))
    head = f'<div class="case"><b>{title}</b> <small>{tags}</small>'
    if one.error:
        return f'{head}<p class="error">{html.escape(one.error)}</p></div>'
    told = "; ".join(
        f"{html.escape(f.title)} {shown(f.key, one.values[f.key])}"
        for f in FIGURES
        if f.key in one.values
    )
    sheet = one.folder / "sheet.jpg"
    picture = captions = ""
    if sheet.is_file():
        data = base64.b64encode(sheet.read_bytes()).decode()
        picture = f'<img alt="frames of {title}" src="data:image/jpeg;base64,{data}">'
        names = (one.folder / "sheet.txt").read_text(encoding="utf-8").splitlines()
        spans = "".join(f"<span>{html.escape(name)}</span>" for name in names)
        captions = f'<div class="captions" style="width:{TILE * len(names)}px">{spans}</div>'
    return f"{head} <small>{bad:.2f} sd worse</small>{picture}{captions}<small>{told}</small></div>"


def _made_with(report: Report) -> str:
    rows = []
    for key, value in report.made_with.items():
        if isinstance(value, dict):
            text = "<br>".join(f"{html.escape(str(k))}: <code>{html.escape(str(v))}</code>"
                               for k, v in value.items())  # fmt: skip
        else:
            text = html.escape(str(value))
        rows.append(f"<tr><td>{html.escape(key)}</td><td style='text-align:left'>{text}</td></tr>")
    return f"<table>{''.join(rows)}</table>"
