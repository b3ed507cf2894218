"""Pages used as a person uses them: open one, fill its form, press the button."""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.functions.portal_api.world import Answer, Door

FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Form:
    """A form as the browser would send it when nothing is typed."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = self._area = ""

    def handle_starttag(self, tag, attrs) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given["action"], given.get("method", "get")))
        elif tag == "input" and "name" in given and self.forms:
            unchecked = given.get("type") == "checkbox" and "checked" not in given
            if not unchecked:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select:
            known = self.forms[-1].fields
            if "selected" in given or self._select not in known:
                known[self._select] = given["value"]
        elif tag == "textarea":
            self._area = given["name"]
            self.forms[-1].fields[self._area] = ""

    def handle_endtag(self, tag) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data


def forms(page: Answer) -> dict[str, Form]:
    """The forms of a page by where they lead."""
    parser = _Forms()
    parser.feed(page.text)
    return {form.action: form for form in parser.forms}


def press(door: Door, page: Answer, action: str, **typed: str) -> Answer:
    """Send the form that leads to `action`, with what was typed into it."""
    form = forms(page)[action]
    fields = {**form.fields, **typed}
    if form.method == "get":
        return door.get(action, query=fields)
    return post(door, action, **fields)


def post(door: Door, action: str, **fields: str) -> Answer:
    """Send fields as a form, also one that no page has shown."""
    return door.post(action, urlencode(fields), headers=FORM_TYPE)


def follow(door: Door, answer: Answer) -> Answer:
    """The page a form leads to."""
    assert answer.status == 303, words(answer)
    parts = urlsplit(answer.headers["Location"])
    return door.get(parts.path, query=dict(parse_qsl(parts.query)))


def words(page: Answer) -> str:
    """What a page says, without its tags; blanks are one blank."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.text)).split())


def problems(page: Answer) -> list[str]:
    """What stands in red on top of a page or under a field."""
    found = re.findall(r'class="(?:flash flash-bad|invalid-feedback)"[^>]*>([^<]*)<', page.text)
    return [unescape(text) for text in found]
