"""A browser for the tests: headless Chromium, axe-core, and nothing else.

A page is opened in a frame as wide as the screen that is asked for; a script inside it
hands what it saw to the page around it, which writes it down where `--dump-dom` shows
it. On a machine without the tools a test is skipped with its reason; in CI it fails.
"""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 90
PROBE = """
addEventListener('load', async () => {
  await document.fonts.ready;
  const plots = [...document.querySelectorAll('svg.plot')].filter(p => p.getClientRects().length);
  const sizes = plots.map(p => p.getBoundingClientRect().width / p.viewBox.baseVal.width *
    Math.min(...[...p.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize))));
  const wide = document.documentElement;
  const found = await axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']});
  const cut = plots.flatMap(p => { const box = p.getBoundingClientRect(); return [...p.querySelectorAll('text')]
    .filter(t => { const b = t.getBoundingClientRect(); return b.right > box.right + 1.5 || b.left < box.left - 1.5; })
    .map(t => t.textContent); });
  parent.postMessage(JSON.stringify({
    violations: found.violations.map(v => v.id + ': ' + v.nodes.slice(0, 4).map(n => n.target + ' ' + (n.any[0] || {}).message).join(' | ')),
    passes: found.passes.length,
    overflow: wide.scrollWidth - wide.clientWidth,
    width: wide.clientWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    background: getComputedStyle(document.body).backgroundColor,
    font: [...document.fonts].filter(f => f.status === 'loaded').length,
    plots: plots.length,
    smallest: Math.min(...sizes),
    cut: cut,
    h1: document.querySelectorAll('h1').length,
  }), '*');
});
"""
AROUND = """<!doctype html><title>around</title><body style="margin:0">
<pre id="found"></pre><script>addEventListener('message', e => {{ document.getElementById('found').textContent = e.data; }});</script>
<iframe src="{page}" style="border:0;width:{width}px;height:900px"></iframe>"""


def tool(name, found, how):
    """Give a tool's path; skip without it, but fail where CI lacks it."""
    if found:
        return str(found)
    message = f"{name} is not here: {how}"
    if os.environ.get("CI"):
        pytest.fail(message)
    return pytest.skip(message)


def browser():
    """Give the browser's program."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return tool("chromium", found, "apt-get install chromium")


def axe():
    """Give the text of axe-core."""
    named = os.environ.get("AXE_JS")
    path = Path(named) if named else ROOT / "node_modules/axe-core/axe.min.js"
    found = tool("axe-core", path.is_file() and path, "npm install axe-core@4")
    return Path(found).read_text()


def run(folder, *arguments):
    """Run the browser on its own profile; give its output and what it logged."""
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
        f"--user-data-dir={folder / 'profile'}", *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


def look(folder, page, *, width=1280, dark=False):
    """Open an HTML text at a width and say what axe, the layout and the fonts are."""
    script = f"<script>{axe()}</script><script>{PROBE}</script></head>"
    (folder / "page.html").write_text(page.replace("</head>", script, 1), encoding="utf-8")
    (folder / "around.html").write_text(AROUND.format(page="page.html", width=width))
    arguments = ["--virtual-time-budget=60000", f"--window-size={max(width, 600)},1000"]
    if dark:
        arguments.append("--blink-settings=preferredColorScheme=0")
    out, log = run(folder, *arguments, "--dump-dom", (folder / "around.html").as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', out, re.DOTALL)
    assert found, log[-1000:]
    assert found[1], log[-1000:]
    return json.loads(html.unescape(found[1]))
