"""Decides who looks at a page, and which rooms they may see, pause and export."""

import ipaddress
from collections.abc import Sequence

import streamlit as st

from dashboard import language, settings
from dashboard.login import form
from dashboard.login.accounts import AccountsError
from dashboard.login.desk import COOKIE, Desk, log
from dashboard.login.oidc import Oidc
from dashboard.login.person import THIS_MACHINE, Person
from dashboard.records import Room


def person() -> Person | None:
    """Whoever looks at this page, as of now; None when nobody is logged in any more."""
    login = settings.current().login
    try:
        if isinstance(login, Desk):
            return login.person(st.context.cookies.get(COOKIE))
        if isinstance(login, Oidc):
            return login.person(st.user.to_dict())
    except AccountsError as error:
        log.error("%s", error)
        return None
    return THIS_MACHINE if _is_this_machine(st.context.ip_address) else None


def allowed_rooms(rooms: Sequence[Room]) -> list[Room]:
    """The rooms that this session may see, in their order; no page shows another.

    Whoever is not logged in any more is sent back to `gate`, in the middle of a page as well.
    """
    looking = person()
    if looking is None:
        st.rerun(scope="app")
        return []  # in a callback, where a rerun comes anyway, the line above does nothing
    return [room for room in rooms if looking.may_see(room.name)]


def gate() -> Person:
    """Lets a run of the pages go on for whoever may look; everybody else sees why not.

    Returns:
        Whoever looks.
    """
    looking = person()
    if looking is None:
        _turn_away()
        st.stop()
    if not looking.is_administrator and not looking.rooms:
        _notice(*language.words().login.no_account)
        draw_logout(looking)
        st.stop()
    return looking


def draw_logout(looking: Person) -> None:
    """Who is logged in, and a button that ends it; nothing where there is no login."""
    words = language.words().login
    if settings.current().login is None:
        return
    with st.container(key="logout", horizontal=True, vertical_alignment="center", width="content"):
        # As plain text: a name may hold anything that Markdown would read.
        st.text(words.logged_in_as.format(name=looking.name))
        st.button(words.logout, key="log-out", icon=":material/logout:", on_click=_log_out)


def _log_out() -> None:
    login = settings.current().login
    if isinstance(login, Desk):
        login.log_out(st.context.cookies.get(COOKIE))
    elif isinstance(login, Oidc):
        st.logout()


def _turn_away() -> None:
    words = language.words().login
    login = settings.current().login
    if login is None:
        _notice(*words.outside)
    elif isinstance(login, Desk):
        _notice(*words.ended)
        st.html(f'<a href="{form.PATH}" target="_self">{words.again}</a>')
    else:
        _notice(words.heading, "")
        st.button(words.submit, key="log-in", type="primary", on_click=st.login)


def _notice(title: str, advice: str) -> None:
    with st.container(key="notice"):
        st.header(title, anchor=False)
        st.markdown(advice)


def _is_this_machine(address: str | None) -> bool:
    """Whether an address is this machine's, for which Streamlit says none."""
    if not isinstance(address, str):
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
