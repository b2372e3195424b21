# ruff: noqa: PLC0415
"""One slide: a title, boxes of text, tiles, tables, bars and charts of which nothing is a picture but the map.

python-pptx is imported when slides are made. All places and sizes are in inches, from the upper left corner.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from math import ceil
from typing import Any, NamedTuple

from fleetplan.report.charts import Chart

WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.6
INK, SOFT, FAINT, LINE, WASH, WHITE = "16202A", "5A6672", "8A949E", "DFE3E7", "F5F7F8", "FFFFFF"
ACCENT, PALE = "0B5C7D", "D6E7EE"
SERIES = ("0B5C7D", "E0912F", "3F9D7F", "B65A86", "7CB6DC", "8C4A1C", "7468B4", "8C959D")
"""The colours of the pages' ``s0`` to ``s7`` on white."""

NAMED = {"spent": ACCENT, "budget": FAINT}
SERIF, SANS = "Georgia", "Calibri"
ROW, CELL_PT, LEAST_PT = 0.3, 11, 8  # height of a row of a table, type in it, and the smallest type there is
MADE = datetime(2000, 1, 1, tzinfo=UTC)
TERMS_XML = "http://purl.org/dc/terms/"


def colour(css: str) -> str:
    """Return the colour of a class as the pages name it (``s0`` to ``s7``, ``spent``, ``budget``)."""
    name = css.split(maxsplit=1)[0] if css else "s0"
    return NAMED.get(name) or SERIES[int(name[1:]) % len(SERIES)]


class Box(NamedTuple):
    """A place on a slide."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks: points, colour, serifs, weight, to which side."""

    size: float = 14
    colour: str = INK
    serif: bool = False
    bold: bool = False
    right: bool = False


BODY, QUIET = Style(), Style(11, SOFT)


@dataclass(eq=False)
class Deck:
    """Slides in the making."""

    title: str
    foot: str
    _file: Any = field(init=False, repr=False)
    _count: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Begin with no slide, on a wide sheet."""
        from pptx import Presentation
        from pptx.util import Inches

        self._file = Presentation()
        self._file.slide_width, self._file.slide_height = Inches(WIDTH), Inches(HEIGHT)
        about = self._file.core_properties
        about.title, about.author, about.created, about.modified = _printable(self.title), "fleetplan", MADE, MADE

    def sheet(self, title: str, eyebrow: str = "") -> Sheet:
        """Return a new slide with a title, a line above it, and the plan's name and a number at its foot."""
        self._count += 1
        slide = self._file.slides.add_slide(self._file.slide_layouts[5])  # a title alone
        made = Sheet(slide)
        made.headed(title, eyebrow)
        made.text(Box(MARGIN, 7.02, 10.5, 0.3), [self.foot], Style(9, FAINT))
        made.text(Box(WIDTH - MARGIN - 1, 7.02, 1, 0.3), [str(self._count)], Style(9, FAINT, right=True))
        return made

    def content(self) -> bytes:
        """Return the file, the same bytes for the same slides."""
        out = io.BytesIO()
        self._file.save(out)
        return _settled(out.getvalue())


@dataclass(frozen=True, eq=False)
class Sheet:
    """A slide that takes what is put on it."""

    slide: Any

    def headed(self, title: str, eyebrow: str) -> None:
        """Fill the title's own place, so that an outline of the slides shows it."""
        shape = self.slide.shapes.title
        _put(shape, Box(MARGIN, 0.62, WIDTH - 2 * MARGIN, 0.7))
        _write(shape.text_frame, [title], Style(28, serif=True))
        if eyebrow:
            self.text(Box(MARGIN, 0.36, WIDTH - 2 * MARGIN, 0.3), [eyebrow], QUIET)

    def text(self, box: Box, paragraphs: Sequence[str], style: Style = BODY) -> None:
        """Put paragraphs into a box."""
        frame = self.slide.shapes.add_textbox(*_emu(box)).text_frame
        _write(frame, paragraphs, style)

    def fitted(self, box: Box, paragraphs: Sequence[str], style: Style) -> None:
        """Put paragraphs into a box in the largest type, down from the style's, in which they fit it."""
        while style.size > LEAST_PT and _height(paragraphs, box.width, style.size) > box.height:
            style = replace(style, size=style.size - 1)
        self.text(box, paragraphs, style)

    def tiles(self, box: Box, cells: Sequence[tuple[str, str, str]], columns: int) -> None:
        """Put headline figures into a grid: what it is, the figure, what else to know."""
        rows = -(-len(cells) // columns)
        width, height = box.width / columns, box.height / rows
        for k, (name, figure, more) in enumerate(cells):
            left, top = box.left + width * (k % columns), box.top + height * (k // columns)
            self.bar(Box(left, top, width - 0.25, 0.012), LINE)
            self.text(Box(left, top + 0.06, width - 0.2, 0.3), [name], QUIET)
            self.text(Box(left, top + 0.27, width - 0.2, 0.5), [figure], Style(22))
            self.text(Box(left, top + 0.68, width - 0.2, 0.4), [more], Style(10, SOFT))

    def bar(self, box: Box, fill: str, title: str = "") -> None:
        """Put a plain rectangle; its title is what a screen reader says of it."""
        from pptx.enum.shapes import MSO_SHAPE

        shape = self.slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *_emu(box))
        shape.fill.solid()
        shape.fill.fore_color.rgb = _rgb(fill)
        shape.line.fill.background()
        _without_style(shape)
        shape.name = _printable(title) or "rule"

    def picture(self, box: Box, png: bytes, said: str) -> None:
        """Put a picture as large as fits into a box, at its upper left corner; ``said`` is for who cannot see it."""
        from pptx.util import Inches

        shape = self.slide.shapes.add_picture(io.BytesIO(png), Inches(box.left), Inches(box.top))
        scale = min(Inches(box.width) / shape.width, Inches(box.height) / shape.height)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape._element.nvPicPr.cNvPr.set("descr", _printable(said))  # noqa: SLF001  the package has no other way to set it

    def table(self, box: Box, head: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]) -> None:
        """Put a table; the first column and those whose head ends in a blank stand left, all others right.

        Rows are as high as they may be, and in smaller type where the box has little room for so many.
        """
        from pptx.util import Inches

        shape = self.slide.shapes.add_table(len(rows) + 1, len(head), *_emu(box))
        _plain(shape)
        whole = sum(shares)
        height = min(ROW, box.height / (len(rows) + 1))
        size = CELL_PT if height >= ROW else max(LEAST_PT, int(CELL_PT * height / ROW))
        for column, share in zip(shape.table.columns, shares, strict=True):
            column.width = Inches(box.width * share / whole)
        for i, texts in enumerate((head, *rows)):
            shape.table.rows[i].height = Inches(height)
            for k, text in enumerate(texts):
                right = k > 0 and not head[k].endswith(" ")
                _cell(shape.table.cell(i, k), text.strip(), Style(size, INK if i else SOFT, right=right))

    def chart(self, box: Box, chart: Chart) -> None:
        """Put a chart with its numbers, which a presentation program can show and change."""
        self.text(Box(box.left, box.top, box.width, 0.3), [f"{chart.title}, {chart.about}"], Style(13, bold=True))
        lower = Box(box.left, box.top + 0.3, box.width, box.height - 0.3)
        frame = self.slide.shapes.add_chart(_chart_kind(chart), *_emu(lower), _chart_data(chart))
        frame._element.nvGraphicFramePr.cNvPr.set("descr", f"{chart.title}. {chart.said}")  # noqa: SLF001  as above
        _draw(frame.chart, chart)


def _height(paragraphs: Sequence[str], width: float, size: float) -> float:
    """Return about how high paragraphs stand in a width, in inches: a letter is half as wide as it is high, a line 1.2 times."""
    letters = width * 72 / (0.52 * size)
    lines = sum(ceil(len(text) / letters) for text in paragraphs)
    return (lines * 1.2 + len(paragraphs) * 0.45) * size / 72


def _settled(content: bytes) -> bytes:
    """Return an archive, and those within, without the time at which it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            part = given.read(name)
            if name.endswith(".xlsx"):
                part = _settled(part)
            elif name == "docProps/core.xml":
                part = _unstamped(part)
            made.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _unstamped(properties: bytes) -> bytes:
    """Return the properties of a document with our own day as the one on which it was made."""
    from lxml import etree

    root = etree.fromstring(properties)
    for name in ("created", "modified"):
        for found in root.iter(f"{{{TERMS_XML}}}{name}"):
            found.text = f"{MADE:%Y-%m-%dT%H:%M:%SZ}"
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _printable(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _rgb(hexadecimal: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(hexadecimal)  # type: ignore[no-untyped-call]


# --- text -------------------------------------------------------------------------------------------------------------


def _emu(box: Box) -> tuple[Any, ...]:
    from pptx.util import Inches

    return tuple(Inches(x) for x in box)


def _put(shape: Any, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = _emu(box)


def _write(frame: Any, paragraphs: Iterable[str], style: Style) -> None:
    """Write paragraphs into a frame without inner margins, from its top."""
    from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE
    from pptx.util import Pt

    frame.word_wrap, frame.auto_size, frame.vertical_anchor = True, MSO_AUTO_SIZE.NONE, MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for k, text in enumerate(paragraphs):
        paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(style.size * 0.45)
        _run(paragraph, text, style)


def _run(paragraph: Any, text: str, style: Style) -> None:
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Pt

    paragraph.alignment = PP_ALIGN.RIGHT if style.right else PP_ALIGN.LEFT
    run = paragraph.add_run()
    run.text = _printable(text)
    font = run.font
    font.size, font.bold, font.name = Pt(style.size), style.bold, SERIF if style.serif else SANS
    font.color.rgb = _rgb(style.colour)


def _cell(cell: Any, text: str, style: Style) -> None:
    from pptx.util import Inches

    cell.margin_left = cell.margin_right = Inches(0.06)
    cell.margin_top = cell.margin_bottom = Inches(0.03)
    cell.fill.solid()
    cell.fill.fore_color.rgb = _rgb(WHITE if style.colour == INK else WASH)
    _run(cell.text_frame.paragraphs[0], text, style)


def _without_style(shape: Any) -> None:
    """Take the theme's shadow and outline off a shape."""
    for style in shape._element.xpath("p:style"):  # noqa: SLF001  the package has no name for it
        shape._element.remove(style)  # noqa: SLF001


def _plain(shape: Any) -> None:
    """Take the presentation program's own banding and colours off a table."""
    table = shape.table
    table.horz_banding = False
    table.first_row = True
    style = shape._element.graphic.graphicData.tbl.tblPr.find(  # noqa: SLF001  the package has no name for it
        "{http://schemas.openxmlformats.org/drawingml/2006/main}tableStyleId"
    )
    style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # no style, no grid


# --- charts -----------------------------------------------------------------------------------------------------------

FORMATS = {"count": "#,##0", "min": "0.0", "usd": "#,##0"}
MILLION = 1e6
CHART_XML = "http://schemas.openxmlformats.org/drawingml/2006/chart"


def _chart_kind(chart: Chart) -> Any:
    from pptx.enum.chart import XL_CHART_TYPE

    return XL_CHART_TYPE.AREA_STACKED if chart.kind == "area" else XL_CHART_TYPE.LINE


def _chart_data(chart: Chart) -> Any:
    from pptx.chart.data import CategoryChartData

    scale = MILLION if chart.unit == "usd" else 1.0
    data: Any = CategoryChartData(number_format=FORMATS[chart.unit])  # type: ignore[no-untyped-call]
    data.categories = [date(int(p[:4]), int(p[5:]), 1) for p in chart.periods]
    for one in chart.series:
        data.add_series(_printable(one.name), [None if v is None else v / scale for v in one.values])
    return data


def _draw(made: Any, chart: Chart) -> None:
    """Give a chart the colours and the restraint of the pages."""
    from pptx.enum.chart import XL_LEGEND_POSITION
    from pptx.util import Pt

    made.font.size, made.font.name = Pt(11), SANS
    made.font.color.rgb = _rgb(SOFT)
    made.has_title, made.has_legend = False, len(chart.series) > 1
    if made.has_legend:
        made.legend.position, made.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    values, months = made.value_axis, made.category_axis
    values.major_gridlines.format.line.color.rgb = _rgb(LINE)
    values.format.line.fill.background()
    values.has_title = chart.unit == "usd"
    if values.has_title:
        values.axis_title.text_frame.text = "M USD"
        values.axis_title.text_frame.paragraphs[0].runs[0].font.size = Pt(11)
    _by_year(months)
    months.format.line.color.rgb = _rgb(FAINT)
    for drawn, one in zip(made.plots[0].series, chart.series, strict=True):
        _coloured(drawn, colour(one.css), area=chart.kind == "area", dashed=one.dash)


def _by_year(axis: Any) -> None:
    """Name the years on an axis of dates, at its foot where values fall below zero; the package has no name for the step."""
    from pptx.enum.chart import XL_TICK_LABEL_POSITION
    from pptx.oxml import parse_xml

    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = "yyyy", False
    steps = {"baseTimeUnit": "months", "majorUnit": "1", "majorTimeUnit": "years"}
    for name in steps:
        for old in axis._element.findall(f"{{{CHART_XML}}}{name}"):  # noqa: SLF001  as above
            axis._element.remove(old)  # noqa: SLF001
    for name, value in steps.items():
        axis._element.append(parse_xml(f'<c:{name} xmlns:c="{CHART_XML}" val="{value}"/>'))  # noqa: SLF001


def _coloured(drawn: Any, fill: str, *, area: bool, dashed: bool) -> None:
    from pptx.enum.dml import MSO_LINE_DASH_STYLE
    from pptx.util import Pt

    if area:
        drawn.format.fill.solid()
        drawn.format.fill.fore_color.rgb = _rgb(fill)
        return
    drawn.smooth = False
    drawn.format.line.color.rgb, drawn.format.line.width = _rgb(fill), Pt(2)
    if dashed:
        drawn.format.line.dash_style = MSO_LINE_DASH_STYLE.DASH
