"""The comment as a page for a browser, nearly as GitHub shows it."""

from html import escape

from markdown_it import MarkdownIt

# No script, no picture, no address of others: the page may hold what a stranger's branch says.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: light-dark(#d1d9e0, #3d444d); --soft: light-dark(#f6f8fa, #151b23); }}
body {{ font: 14px/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif;
  max-width: 900px; margin: 24px auto; padding: 16px 24px; border: 1px solid var(--line); border-radius: 6px; }}
h2, h3 {{ border-bottom: 1px solid var(--line); padding-bottom: .3em; }}
h3 {{ margin-top: 28px; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid var(--line); padding: 6px 13px; }}
tr:nth-child(2n) td {{ background: var(--soft); }}
code, pre {{ font: 12px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
code {{ background: light-dark(#818b981f, #656c7633); border-radius: 6px; padding: .2em .4em;
  overflow-wrap: anywhere; }}
pre {{ background: var(--soft); border-radius: 6px; padding: 12px; overflow-x: auto; }}
pre code {{ background: none; padding: 0; }}
ul {{ padding-left: 2em; }}
li > ul {{ margin: 2px 0 6px; }}
details {{ margin: 12px 0; }}
summary {{ cursor: pointer; }}
hr {{ border: 0; border-top: 1px solid var(--line); margin: 24px 0; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(markdown: str, title: str) -> str:
    """A whole HTML document."""
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return _PAGE.format(title=escape(title), body=body)
