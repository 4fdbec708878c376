"""A browser for the tests: headless Chromium, axe-core, and nothing else.

Pages are opened in frames as wide as the screens that are asked for; a script inside
each hands what it saw to the page around them, which writes it down where `--dump-dom`
shows it, so that one start of the browser serves many looks. On a machine without the tools a test is skipped with its reason; in CI it fails.
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
SECONDS = 180
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
    frame: Number(name),
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
AROUND = """<!doctype html><title>around</title><body style="margin:0"><pre id="found"></pre>
<script>const seen = []; addEventListener('message', e => {{ seen.push(JSON.parse(e.data));
document.getElementById('found').textContent = JSON.stringify(seen); }});</script>
{frames}"""
FRAME = '<iframe name="{i}" src="{page}" style="border:0;width:{width}px;height:900px"></iframe>'


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
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


def look(folder, pages, *, widths=(1280, 390), dark=False):
    """Open each page at each width; say what axe, the layout and the fonts are there."""
    script = f"<script>{axe()}</script><script>{PROBE}</script></head>"
    frames = []
    for i, page in enumerate(pages):
        dressed = page.replace("</head>", script, 1)
        (folder / f"page-{i}.html").write_text(dressed, encoding="utf-8")
        for width in widths:
            name = len(frames)
            frames.append(FRAME.format(i=name, page=f"page-{i}.html", width=width))
    (folder / "around.html").write_text(AROUND.format(frames="".join(frames)))
    arguments = ["--virtual-time-budget=120000", "--window-size=1400,1000"]
    if dark:
        arguments.append("--blink-settings=preferredColorScheme=0")
    out, log = run(folder, *arguments, "--dump-dom", (folder / "around.html").as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', out, re.DOTALL)
    assert found, log[-1000:]
    assert found[1], log[-1000:]
    seen = sorted(json.loads(html.unescape(found[1])), key=lambda one: one["frame"])
    assert len(seen) == len(frames), "a page did not answer"
    return seen
