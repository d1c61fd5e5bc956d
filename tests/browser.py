"""A browser for tests: Chromium without a window, told what to do by the DevTools protocol through two pipes.

No port, no driver and no package between: a command is a line of JSON that ends with a zero octet, and so is an answer.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SWITCHES = (
    *(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-pipe",
        "--no-first-run",
    ),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--force-device-scale-factor=1", "--window-size=1400,1000"),
)
PATIENCE = 60.0


class Browser:
    """A running Chromium; leave its block to end it."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM is not None, "there is no chromium on this machine: apt-get install chromium"
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        arguments = [PROGRAM, *SWITCHES, f"--user-data-dir={folder}", "about:blank"]
        log = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT)
        self._pid = os.posix_spawn(
            PROGRAM,
            arguments,
            {**os.environ, "HOME": str(folder)},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setpgroup=0,
        )
        for theirs in (theirs_in, theirs_out, log):
            os.close(theirs)
        self._rest, self._number = b"", 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._pid, signal.SIGKILL)  # its own group: the browser and its helpers
        os.waitpid(self._pid, 0)

    def call(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """What the browser answers to a command; what it tells meanwhile is in ``events``."""
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            command["sessionId"] = session
        text = json.dumps(command).encode() + b"\0"
        while text:
            text = text[os.write(self._out, text) :]
        while True:
            message = self._message()
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message}"
                answer: dict[str, Any] = message["result"]
                return answer
            self.events.append(message)

    def _message(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"the browser said nothing for {PATIENCE:g} s"
            more = os.read(self._in, 1 << 20)
            assert more, "the browser ended"
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(
        self, path: Path, *, dark: bool = False, width: int = 1400, height: int = 1000
    ) -> Page:
        """A new page that shows a file, when it says that it is painted."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        page.call("Page.navigate", url=path.as_uri())
        page.wait("document.documentElement?.dataset.painted")
        return page


class Page:
    """A page in it."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """What the page answers to a command."""
        return self._browser.call(method, session=self._session, **params)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is; promises are awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str, *, whatever: bool = False) -> Any:
        """What it is as soon as it is something; an error of the page ends it, unless it is `whatever` happens."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if value := self.value(expression):
                return value
            assert whatever or "Uncaught" not in str(self.problems()), self.problems()
            time.sleep(0.02)
        raise AssertionError(f"not within {PATIENCE:g} s: {expression}; {self.problems()}")

    def frame(self) -> Page:
        """The page in its one frame, which is a target of its own."""
        targets = self._browser.call("Target.getTargets", filter=[{}])["targetInfos"]
        (own,) = [target for target in targets if target["type"] == "iframe"]
        attached = self._browser.call(
            "Target.attachToTarget", targetId=own["targetId"], flatten=True
        )
        return Page(self._browser, own["targetId"], attached["sessionId"])

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        frame = "requestAnimationFrame(() => requestAnimationFrame(() => done(true)))"
        self.value(f"new Promise((done) => {frame})")

    def press(self, key: str, *, shift: bool = False) -> None:
        """A key, as a person presses it."""
        names = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "Escape": 27, "Tab": 9}
        code = names.get(key, ord(key[0].upper()))
        what: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift}
        text = {} if key in names else {"text": key}
        self.call("Input.dispatchKeyEvent", type="keyDown", **what, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **what)
        self.settle()

    def click(self, selector: str, *, at: tuple[float, float] | None = None) -> None:
        """The mouse on an element: in its middle, or at a place in it."""
        self.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        box = self.value(
            f"(() => {{ const b = document.querySelector({selector!r}).getBoundingClientRect();"
            " return [b.x, b.y, b.width, b.height]; })()"
        )
        x, y = at or (box[2] / 2, box[3] / 2)
        where = {"x": box[0] + x, "y": box[1] + y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, buttons=1, **where)
        self.settle()

    def set(self, selector: str, value: str) -> None:
        """Put a value into a field, or choose it, and leave the field."""
        self.value(
            f"(() => {{ const field = document.querySelector({selector!r}); field.value = {value!r};"
            " field.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )
        self.settle()

    def text(self, selector: str) -> str:
        """The text of an element."""
        return str(self.value(f"document.querySelector({selector!r}).textContent"))

    def picture(self) -> bytes:
        """What is seen, as PNG, when it does not change any more: a slow machine paints a page bit by bit."""
        before, seen = "", self.call("Page.captureScreenshot")["data"]
        while seen != before:
            before, seen = seen, self.call("Page.captureScreenshot")["data"]
        return base64.b64decode(seen)

    def problems(self) -> list[str]:
        """What the console has complained of, and each request for anything but the page's own file."""
        found = []
        for event in self._browser.events:
            if event.get("sessionId") != self._session:
                continue
            what, params = event["method"], event["params"]
            if what == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif what == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
                found.append(str(params["args"]))
            elif what == "Log.entryAdded":
                found.append(str(params["entry"]))
            elif what == "Network.requestWillBeSent" and params["type"] != "Document":
                found.append(f"asks for {params['request']['url']}")
        return found

    def close(self) -> None:
        """Close it."""
        self._browser.call("Target.closeTarget", targetId=self._target)
