"""Stands before the web server: without a session nothing is answered but the login itself."""

import ipaddress
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.login import form
from dashboard.login.accounts import AccountsError
from dashboard.login.desk import COOKIE, Desk, TooManyTriesError, log
from dashboard.login.sessions import SESSION_SECONDS
from dashboard.texts import LANGUAGES

_HEALTH: Final = "/_stcore/health"
_LONGEST_FORM: Final = 4096
# Nothing is loaded from elsewhere: neither a picture that an attacker names nor a script. The
# pages' own are Streamlit's, which compiles charts at run time.
_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)


class Guard:
    """Lets through whoever is logged in, and serves the login.

    Args:
        app: what stands behind.
        desk: local accounts; None where none are needed, or somebody else checks passwords.
        own_machine_only: whether only addresses of this machine are answered, so that a web page
            elsewhere cannot reach a server without a login under a name of its own.
        secure: whether browsers reach this server by TLS.
        behind_proxy: whether the last address in ``X-Forwarded-For`` is the browser's.
        language: of the login; None leaves it to the browser.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        desk: Desk | None,
        own_machine_only: bool,
        secure: bool,
        behind_proxy: bool = False,
        language: str | None = None,
    ) -> None:
        self._app = app
        self._desk = desk
        self._own_machine_only = own_machine_only
        self._secure = secure
        self._behind_proxy = behind_proxy
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or hands it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(MutableHeaders(scope=message), secure=self._secure)
            await send(message)

        asked = HTTPConnection(scope)
        if self._own_machine_only and not _is_own_machine(asked.headers):
            answer: Response | None = PlainTextResponse(
                "Expected an address of this machine, such as 127.0.0.1 or localhost.\n", 403
            )
        elif self._desk is None or scope["path"] == _HEALTH:
            answer = None
        elif scope["type"] == "http" and scope["path"] == form.PATH:
            answer = await self._login(self._desk, Request(scope, receive))
        elif self._desk.person(asked.cookies.get(COOKIE)) is None:
            answer = _go_and_log_in(asked)
        else:
            answer = None
        if answer is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            # Before it is accepted: the browser sees a refused handshake.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send_with_headers)

    async def _login(self, desk: Desk, request: Request) -> Response:
        target = form.safe_target(request.query_params.get("next"))
        language = form.language_of(request.headers.get("accept-language"), self._language)
        words = LANGUAGES[language].login
        if request.method != "POST":
            return HTMLResponse(form.page(language, target=target), headers=_NOT_KEPT)
        if not _is_own_form(request.headers):
            return HTMLResponse(
                form.page(language, target="/", trouble=words.other_site), 403, _NOT_KEPT
            )
        fields = await _fields(request)
        if fields is None:
            return PlainTextResponse(f"Expected at most {_LONGEST_FORM} bytes.\n", 413)
        name, password = fields.get("name", ""), fields.get("password", "")
        headers, status = dict(_NOT_KEPT), 403
        try:
            token = await run_in_threadpool(desk.log_in, name, password, self._address(request))
            trouble = words.wrong
        except TooManyTriesError as error:
            token, status = None, 429
            trouble = words.wait.format(minutes=int(error.seconds // 60) + 1)
            headers["Retry-After"] = str(int(error.seconds) + 1)
        except AccountsError as error:
            token, status = None, 503
            log.error("%s", error)
            trouble = words.broken
        if token is None:
            shown = form.page(language, target=target, name=name[:100], trouble=trouble)
            return HTMLResponse(shown, status, headers)
        desk.log_out(request.cookies.get(COOKIE))
        answer = RedirectResponse(target, 303, headers)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_SECONDS),
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )
        return answer

    def _address(self, request: Request) -> str | None:
        if self._behind_proxy:
            # What stands before the last comma was written by whoever asked.
            forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            return forwarded or None
        return request.client.host if request.client else None


_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def _go_and_log_in(asked: HTTPConnection) -> Response:
    """To the login for a page; a plain refusal for what pages load by themselves."""
    if asked.scope.get("method") == "GET" and "text/html" in asked.headers.get("accept", ""):
        path = asked.url.path + (f"?{asked.url.query}" if asked.url.query else "")
        target = quote(form.safe_target(path), safe="")
        return RedirectResponse(f"{form.PATH}?next={target}", 303, _NOT_KEPT)
    return PlainTextResponse("Expected a login.\n", 401)


async def _fields(request: Request) -> dict[str, str] | None:
    """A form's fields, or None when it is longer than a login can be."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM:
            return None
    try:
        return dict(parse_qsl(body.decode("utf-8"), max_num_fields=10))
    except ValueError:  # UnicodeDecodeError is one
        return {}


def _is_own_form(headers: Headers) -> bool:
    """Whether a form came from a page of this server, by what the browser says."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _is_own_machine(headers: Headers) -> bool:
    try:
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _harden(headers: MutableHeaders, *, secure: bool) -> None:
    headers["Content-Security-Policy"] = _POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "SAMEORIGIN"
    headers["Referrer-Policy"] = "same-origin"
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
