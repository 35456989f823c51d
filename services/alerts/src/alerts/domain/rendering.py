"""A message as accessible HTML: a heading, paragraphs, tables with captions and row headers; readable without CSS."""

import re
from html import escape

from alerts.domain.messages import Message, Table

LINK_WORDS = "Open this alert"
_LINK = re.compile(r"https?://[^\s<>\"]+")
_PAGE = "font-family:Arial,sans-serif;font-size:16px;line-height:1.5;color:#0b0c0c;background:#ffffff;max-width:40em"
_TABLE = "border-collapse:collapse;width:100%;margin-bottom:16px"
_CAPTION = "text-align:left;font-weight:bold;padding:8px 0"
_NAME = "text-align:left;font-weight:normal;padding:4px 24px 4px 0;border-bottom:1px solid #b1b4b6"
_FIGURE = "text-align:right;padding:4px 0;border-bottom:1px solid #b1b4b6"


def html(message: Message) -> str:
    """The whole message as one HTML document. Everything in it is escaped; a bare address becomes a link with words."""
    subject = escape(message.subject)
    parts = "\n".join(part_html(part) for part in message.parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{subject}</title>\n</head>\n'
        f'<body style="{_PAGE}">\n<main>\n<h1 style="font-size:20px">{subject}</h1>\n{parts}\n'
        "</main>\n</body>\n</html>\n"
    )


def part_html(part: str | Table) -> str:
    """A paragraph, each of its lines on one of its own, or a table."""
    return _table(part) if isinstance(part, Table) else f"<p>{'<br>'.join(map(_line, part.splitlines()))}</p>"


def _table(table: Table) -> str:
    rows = "\n".join(
        f'<tr><th scope="row" style="{_NAME}">{escape(name)}</th><td style="{_FIGURE}">{escape(figure)}</td></tr>'
        for name, figure in table.rows
    )
    caption = escape(table.caption.rstrip(":")) or "Figures"
    return f'<table style="{_TABLE}"><caption style="{_CAPTION}">{caption}</caption>\n<tbody>\n{rows}\n</tbody></table>'


def _line(text: str) -> str:
    """A line, its addresses made links. One that is nothing but an address is given words."""
    if _LINK.fullmatch(text.strip()):
        return f'<a href="{escape(text.strip())}">{LINK_WORDS}</a>'
    made, end = [], 0
    for found in _LINK.finditer(text):
        name = text[end : found.start()].strip(" :") or LINK_WORDS
        made.append(f'<a href="{escape(found.group())}">{escape(name)}</a>')
        end = found.end()
    return " ".join([*made, escape(text[end:].strip())]).strip() if made else escape(text)
