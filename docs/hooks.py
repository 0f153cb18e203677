"""What the site needs beyond Markdown: links that leave docs/, and docstrings with `::`."""

import re

PAGES = {"README": "index.md", "CHANGELOG": "changelog.md", "CONTRIBUTING": "contributing.md"}
"""Files of the repository's root, and the pages that stand for them."""


def on_page_markdown(markdown, page, **_):  # type: ignore[no-untyped-def]
    """Point links to files outside docs/ at their page; where there is none, name the file."""
    above = "../" * page.file.src_uri.count("/")
    inside = re.sub(
        rf"\]\((?:\.\./)*({'|'.join(PAGES)})\.md\)",
        lambda link: f"]({above}{PAGES[link[1]]})",
        markdown,
    )
    outside = rf"\[([^\]]+)\]\({re.escape(above)}\.\./([^)]+)\)"
    return re.sub(outside, lambda link: f"`{link[2].rstrip('/')}`", inside)


def on_page_content(html, **_):  # type: ignore[no-untyped-def]
    """Take away the marks by which docstrings announce a block."""
    return html.replace("<p>::</p>", "").replace("::</p>", ":</p>")
