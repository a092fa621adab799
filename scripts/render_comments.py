"""Shows the golden comments as GitHub does: an HTML page of each, and pictures at two widths.

    npm install --no-save --prefix DIR github-markdown-css
    python scripts/render_comments.py OUT --css DIR/node_modules/github-markdown-css/github-markdown-light.css

Markdown becomes HTML by GitHub's own cmark-gfm; a headless chromium takes the pictures. Nothing is fetched.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from cmarkgfm import cmark  # type: ignore[import-untyped]

GOLDENS = Path(__file__).parents[1] / "tests" / "golden" / "comment"
_EXTENSIONS = ("table", "strikethrough", "autolink", "tagfilter", "tasklist")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_TIME_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class View:
    """A window: its name and width in pixels."""

    name: str
    width: int


VIEWS = (View("desktop", 1000), View("phone", 390))


def as_html(markdown: str) -> str:
    """Return the HTML that GitHub makes of a comment: HTML is let through but for some tags, lines break as written."""
    options = cmark.Options.CMARK_OPT_UNSAFE | cmark.Options.CMARK_OPT_HARDBREAKS
    html: str = cmark.markdown_to_html_with_extensions(markdown, options=options, extensions=_EXTENSIONS)
    return html


def as_page(markdown: str, css: str) -> str:
    """Return a page with the comment in it, set as GitHub sets comments."""
    style = f"{css}\nbody {{ margin: 0; padding: 16px; }}\n.markdown-body {{ font-size: 14px; }}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<style>{style}</style><body><article class="markdown-body">{as_html(markdown)}</article></body></html>'
    )


def browser() -> str:
    """Return the path of a chromium. UsageError where there is none on PATH."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise click.UsageError(
            f"no browser on PATH takes the pictures: install one of {', '.join(_BROWSERS)}"
        )
    return found


def take_picture(program: str, page: Path, picture: Path, width: int, height: int) -> None:
    """Take a picture of a page in a window of the given size in pixels."""
    command = [program, "--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={picture}"]
    command += [f"--window-size={width},{height}", page.resolve().as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=_TIME_LIMIT_S)


def render(source: Path, folder: Path, css: str, program: str, height: int) -> Iterator[Path]:
    """Write the page of a comment, then its pictures; yields each picture."""
    page = folder / f"{source.stem}.html"
    page.write_text(as_page(source.read_text(encoding="utf-8"), css), encoding="utf-8")
    for view in VIEWS:
        picture = folder / f"{source.stem}-{view.name}.png"
        take_picture(program, page, picture.resolve(), view.width, height)
        yield picture


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.argument("names", nargs=-1)
@click.option(
    "--css", required=True, type=click.Path(path_type=Path, exists=True), help="github-markdown.css"
)
@click.option("--height", default=1400, show_default=True, help="Height of the window in pixels.")
def main(out: Path, names: Sequence[str], css: Path, height: int) -> None:
    """Render the golden comments with these NAMES, or all of them, into the folder OUT."""
    out.mkdir(parents=True, exist_ok=True)
    program, style = browser(), css.read_text(encoding="utf-8")
    sources = [GOLDENS / f"{name}.md" for name in names] or sorted(GOLDENS.glob("*.md"))
    for source in sources:
        for picture in render(source, out, style, program, height):
            click.echo(picture)


if __name__ == "__main__":
    main()
