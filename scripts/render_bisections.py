"""Shows sample bisections as their reports do: an HTML page of each, and pictures at two widths, light and dark.

    python scripts/render_bisections.py OUT [NAME ...]

Beside the pages it writes the Markdown, the terminal's text and each symptom's picture as SVG. A headless chromium
takes the pictures. Nothing is fetched.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from perf_matrix.bisect.model import Bisection
from perf_matrix.bisect.report import picture, render_html, render_markdown, render_terminal

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.unit.bisect.report.samples import SAMPLES

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_TIME_LIMIT_S = 60
_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class View:
    """A window: its name, its width in pixels, and whether the page is to be dark."""

    name: str
    width: int
    dark: bool


VIEWS = (
    View("desktop", 1280, dark=False),
    View("desktop-dark", 1280, dark=True),
    View("phone", 420, dark=False),
    View("phone-dark", 420, dark=True),
)


def browser() -> str:
    """Return the path of a chromium. UsageError where there is none on PATH."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise click.UsageError(
            f"no browser on PATH takes the pictures: install one of {', '.join(_BROWSERS)}"
        )
    return found


def write_texts(name: str, bisection: Bisection, folder: Path) -> Path:
    """Write every form of a report below the folder; returns the path of the page."""
    texts = {
        f"{name}.html": render_html(bisection),
        f"{name}.md": render_markdown(bisection),
        f"{name}.txt": render_terminal(bisection, width=_COLUMNS, colour=False),
        f"{name}.json": bisection.model_dump_json(indent=2),
    }
    for number, symptom in enumerate(bisection.symptoms):
        texts[f"{name}-{number}.svg"] = picture(bisection, symptom)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder / f"{name}.html"


def take_picture(program: str, page: Path, target: Path, view: View, height: int) -> None:
    """Take a picture of a page in a window of the view's width."""
    command = [program, "--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={target}"]
    command += [f"--window-size={view.width},{height}"]
    command += ["--blink-settings=preferredColorScheme=0"] if view.dark else []
    subprocess.run(
        [*command, page.resolve().as_uri()], check=True, capture_output=True, timeout=_TIME_LIMIT_S
    )


def render(name: str, folder: Path, program: str, height: int) -> Iterator[Path]:
    """Write a sample's reports, then take the pictures of its page; yields each picture."""
    page = write_texts(name, SAMPLES[name](), folder)
    for view in VIEWS:
        target = folder / f"{name}-{view.name}.png"
        take_picture(program, page, target.resolve(), view, height)
        yield target


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.argument("names", nargs=-1, type=click.Choice(list(SAMPLES)))
@click.option("--height", default=1800, show_default=True, help="Height of the window in pixels.")
def main(out: Path, names: Sequence[str], height: int) -> None:
    """Render the sample bisections with these NAMES, or all of them, into the folder OUT."""
    out.mkdir(parents=True, exist_ok=True)
    program = browser()
    for name in names or SAMPLES:
        for target in render(name, out, program, height):
            click.echo(target)


if __name__ == "__main__":
    main()
