"""One house style for every picture, and how a picture or a table gets onto a page.

Colours follow the Okabe-Ito set, darkened for contrast on white; every series also differs by line or marker
and carries its name beside it. A picture is written as SVG with real text, so that a page's own fonts and its
dark colours reach into it, and as a palette PNG only where that is smaller.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from markupsafe import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")

# name: (on white, on the dark page). Each differs from its neighbours in lightness too, for print in grey.
COLOURS = {
    "ink": ("#1a2433", "#e6eaf0"),
    "muted": ("#566173", "#a5b0be"),
    "grid": ("#dfe4ea", "#303a48"),
    "ours": ("#0b5cad", "#6fb1f5"),
    "other": ("#b8500a", "#f0a35e"),
    "good": ("#0a7350", "#58cfa2"),
    "extra": ("#8a4a86", "#d7a0d3"),
    "soft": ("#c9dcef", "#24405f"),
    "paper": ("#fefefe", "#151b24"),
}
INK, MUTED, GRID, OURS, OTHER, GOOD, EXTRA, SOFT, PAPER = (light for light, _ in COLOURS.values())
FIXED_INK = "#1b2433"  # for text on a shade that stays light on the dark page too
SERIES = (OURS, OTHER, GOOD, EXTRA, MUTED)
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))

# Above this an SVG is compared with a PNG; below it the PNG never wins and is not drawn.
_TRY_PNG_BYTES = 90_000
_PNG_DPI = 144
_PNG_COLOURS = 64
_PAGE_FONTS = (
    "system-ui,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif"
)


@cache
def chinese_font() -> str | None:
    """The name of a font that draws Chinese, registered with matplotlib; None where there is none.

    The file inside the package `zhplot` is used (Noto Sans SC); the package itself is not imported, since
    that
    changes global settings.
    """
    from matplotlib import font_manager

    spec = importlib.util.find_spec("zhplot")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = next(Path(spec.submodule_search_locations[0]).rglob("NotoSansSC*.ttf"), None)
    if file is None:
        return None
    font_manager.fontManager.addfont(str(file))
    return font_manager.FontProperties(fname=str(file)).get_name()


@contextmanager
def house_style() -> Iterator[None]:
    """Draw everything inside in the house style, and leave matplotlib's settings as they were.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> before = mpl.rcParams["axes.spines.top"]
    >>> with house_style():
    ...     mpl.rcParams["axes.spines.top"]
    False
    >>> mpl.rcParams["axes.spines.top"] == before
    True
    """
    import matplotlib as mpl

    chinese = chinese_font()
    settings: dict[Any, Any] = {
        "font.family": ["DejaVu Sans", *([chinese] if chinese else [])],
        "font.size": 8.5,
        "text.color": INK,
        "text.parse_math": False,  # a product may be called "$5 $ off"
        "axes.edgecolor": MUTED,
        "axes.labelcolor": MUTED,
        "axes.labelsize": 8.5,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.facecolor": "none",
        "axes.unicode_minus": True,
        "figure.facecolor": PAPER,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0,
        "xtick.major.size": 3,
        "savefig.facecolor": PAPER,
        "svg.fonttype": "none",
        "svg.hashsalt": "invnb",  # the same picture has the same bytes
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Emoji are drawn by the reader's browser, whatever the fonts here hold.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Decorator: a chart function draws in the house style."""

    @wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            return draw(*args, **kwargs)

    return inner


def blank_small() -> tuple[Figure, Axes]:
    """One of several small figures side by side: fixed margins align them, and draw twice as fast."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.7, 2.2))
    figure.subplots_adjust(left=0.17, right=0.77, bottom=0.13, top=0.96)
    return figure, figure.add_subplot()


def blank(width_in: float = 5.2, height_in: float = 2.9) -> tuple[Figure, Axes]:
    """An empty figure and its axes, outside pyplot's global list, in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.add_subplot()


@dataclass(frozen=True)
class Html:
    """A piece of a page that Jupyter displays and a template takes as it is."""

    html: str

    def _repr_html_(self) -> str:
        return self.html

    def __html__(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"Html({len(self.html)} characters)"


def show(fig: Figure, alt: str) -> Html:
    """A figure as HTML with its alternative text: inline SVG, or a palette PNG where that is smaller.

    Parameters
    ----------
    fig : a matplotlib figure.
    alt : what the picture shows, for those who do not see it.

    Raises
    ------
    ValueError : where `alt` is empty.

    Examples
    --------
    >>> fig, ax = blank()
    >>> _ = ax.plot([1, 2, 3])
    >>> 'aria-label="A rising line"' in show(fig, alt="A rising line").html
    True
    """
    if not alt.strip():
        raise ValueError("alt is empty; say in a sentence what the picture shows")
    with house_style():
        svg = _svg(fig, alt)
        if len(svg) > _TRY_PNG_BYTES:
            png = base64.b64encode(_png(fig))
            if len(png) < len(svg):
                width, height = fig.get_size_inches() * 96
                return Html(
                    f'<img class="fig" alt="{escape(alt)}" width="{width:.0f}" height="{height:.0f}" '
                    f'src="data:image/png;base64,{png.decode()}">'
                )
    return Html(svg)


def _svg(fig: Figure, alt: str) -> str:
    """Inline SVG: page fonts, colours as CSS variables, ids of its own, one decimal."""
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<title>.*?</title>", "", svg, flags=re.S)
    # A tenth of a point is enough for a place; the texts between the tags keep their digits.
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d)\d+", r"\1", tag[0]), svg)
    svg = re.sub(r"font-family: [^;\"]*'DejaVu Sans'[^;\"]*;? ?", "", svg)  # from the picture's first line
    svg = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", rf"font: \1{_PAGE_FONTS}", svg)
    for name, (light, _) in COLOURS.items():
        svg = svg.replace(light, f"var(--c-{name},{light})")
    # Groups are called axes_1, text_2 ... in every picture: ids nothing refers to go, others get a prefix.
    used = set(re.findall(r"#([\w-]+)", svg))
    prefix = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r"(url\(#|xlink:href=\"#)", rf"\g<1>{prefix}", svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg).strip()
    width, height = fig.get_size_inches() * 72
    head = f'<svg class="fig" role="img" aria-label="{escape(alt)}" viewBox="0 0 {width:g} {height:g}" '
    head += f'style="font-family:{_PAGE_FONTS}" '
    head += 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return re.sub(r"^<svg.*?>", lambda _: head, svg, count=1, flags=re.S)


def _png(fig: Figure) -> bytes:
    """The figure as PNG with a small palette."""
    from PIL import Image

    raw = io.BytesIO()
    fig.savefig(raw, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    small = io.BytesIO()
    image = Image.open(raw).convert("RGB").quantize(_PNG_COLOURS, dither=Image.Dither.NONE)
    image.save(small, format="PNG", optimize=True)
    return small.getvalue()
