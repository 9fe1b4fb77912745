"""A page as its parser sees it."""

import base64
import hashlib
import json
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Every tag with its attributes, the text of scripts, styles and of everything else."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.texts = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs), len(self.texts)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def of(self, tag):
        """Attributes and the text right behind each of these tags."""
        return [(attrs, self.texts[at] if at < len(self.texts) else "") for name, attrs, at in self.tags if name == tag]

    @property
    def policy(self):
        """The content security policy by directive."""
        found = [a["content"] for a, _ in self.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
        assert len(found) == 1
        return {name: values for name, *values in (part.split() for part in found[0].split(";"))}

    def data(self, name):
        """A block of data."""
        (text,) = [text for attrs, text in self.of("script") if attrs.get("id") == f"data-{name}"]
        return json.loads(text)


def named(text):
    """What a policy calls a script or style."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
