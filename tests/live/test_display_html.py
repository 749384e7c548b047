"""What display/ writes, read by real parsers: Python's, an XML parser, and JupyterLab's sanitizer.

The files are the golden ones that the tests of display/ compare their output with.
"""
import base64
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from html.parser import HTMLParser

import pytest

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "display"
PAGES = sorted(path.name for path in GOLDEN.glob("*.html"))

# All that display/ ever writes: tag -> attributes.
OURS = {
    "div": {"style"}, "table": {"cellpadding", "style"}, "caption": {"style"},
    "thead": {"style"}, "tbody": {"style"}, "tr": {"style"}, "th": {"scope", "style"},
    "td": {"style"}, "br": set(), "small": {"style"}, "i": {"style"}, "span": {"style"},
    "details": {"open", "style"}, "summary": {"style"},
    "img": {"src", "alt", "width", "height", "style"}, "progress": {"max", "value", "style"},
}
VOID = {"br", "img"}
# The heading that stays while rows scroll: what an untrusted notebook goes without.
STICKY = {"position", "background", "backdrop-filter"}


def declarations(style):
    return dict(re.match(r"([a-z-]+):(.*)$", part).groups() for part in style.split(";"))


class Page(HTMLParser):
    """A page as a list of what a browser would make of it; refuses what is not ours."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.events, self.open = [], []
        self.feed(text)
        self.close()
        assert not self.open, "not closed"

    def handle_starttag(self, tag, attrs):
        attrs = {key: value or "" for key, value in attrs}  # `open` is `open=""`
        assert tag in OURS and set(attrs) <= OURS[tag], f"<{tag} {attrs}>"
        if "style" in attrs:
            attrs["style"] = declarations(attrs["style"])
            assert not any("url" in value for value in attrs["style"].values())
        self.events.append((tag, attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):  # <br />, as the sanitizer writes it
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.events.append(("/" + tag, {}))

    def handle_data(self, data):
        if self.events and self.events[-1][0] == "":
            data = self.events.pop()[1] + data
        self.events.append(("", data))

    def refuse(self, data):
        raise AssertionError(f"not ours: {data!r}")

    handle_comment = handle_decl = handle_pi = unknown_decl = refuse

    def texts(self):
        return [data for tag, data in self.events if tag == ""]

    def images(self):
        return [attrs for tag, attrs in self.events if tag == "img"]


def page(name):
    return Page((GOLDEN / name).read_text(encoding="utf-8"))


def test_there_are_pages():
    assert {"pie.html", "types.html", "hostile.html", "progress-running.html"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_only_our_own_markup(name):
    page(name)


def test_hostile_text_is_text():
    texts = page("hostile.html").texts()
    for payload in (
            "</caption><h1 id=x>title</h1>", "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(2)>", "' style='position:absolute",
            "</small></th><svg/onload=a>", "</td></tr></table><script>alert(3)</script>",
            "\" onmouseover=\"alert(4)\" x=\"",
            "<!-- --><![CDATA[ ]]><style>*{display:none}</style>",
            "&lt;b&gt; &#60;i&#62; &amp;",
            "<iframe srcdoc=\"&lt;script&gt;\"></iframe>\u2400<b>"):
        assert payload in texts
    assert any(text.endswith("</div><b onclick=alert(6)>note</b>") for text in texts)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(texts))


@pytest.mark.parametrize("name", [name for name in PAGES if page(name).images()])
def test_charts_are_harmless_images_that_say_their_numbers(name):
    rows = [text for text in page(name).texts() if re.fullmatch(r"(< )?[\d.]+ %", text)]
    for image in page(name).images():
        assert all(share in image["alt"] for share in rows)
        assert image["src"].startswith("data:image/svg+xml;base64,")
        root = xml.etree.ElementTree.fromstring(base64.b64decode(image["src"].split(",")[1],
                                                                 validate=True))
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "style", "rect", "path", "circle", "text", "defs", "pattern"}
        attributes = {key for element in root.iter() for key in element.attrib}
        assert not any("href" in key or key.startswith("on") for key in attributes)
        assert (root.get("width"), root.get("height")) == (image["width"], image["height"])


def sanitized(text):
    static = pathlib.Path(sys.prefix) / "share" / "jupyter" / "lab" / "static"
    if not shutil.which("node"):
        pytest.skip("node is not installed: JupyterLab's sanitizer not run")
    if not static.is_dir():
        pytest.skip("JupyterLab is not installed beside this Python")
    return subprocess.run(["node", HERE / "jupyterlab_sanitizer.js", static], input=text, text=True,
                          encoding="utf-8", check=True, capture_output=True, timeout=60).stdout


def test_the_sanitizer_is_the_real_one():
    assert sanitized("<b onclick=a()>x</b><script>y</script><svg><title>z</title></svg>"
                     "<i style='position:sticky;color:var(--x);opacity:0.5'>i</i>") == \
        "<b>x</b>z<i style=\"opacity:0.5\">i</i>"


@pytest.mark.parametrize("name", PAGES)
def test_untrusted_notebooks_lose_the_sticky_heading_and_nothing_else(name):
    want = page(name).events
    for tag, attrs in want:
        if tag == "thead" and "style" in attrs:
            attrs["style"] = {key: value for key, value in attrs["style"].items()
                              if key not in STICKY}
            if not attrs["style"]:
                del attrs["style"]
    assert Page(sanitized((GOLDEN / name).read_text(encoding="utf-8"))).events == want
