"""The devices page, for the person who runs them: what needs attention, then everything."""

from datetime import datetime, timedelta, timezone
from typing import Any

import streamlit as st

from dashboard import access, device_report, language, rooms
from dashboard.device_report import FINDINGS, DeviceReport
from dashboard.records import Rejected
from dashboard.store import Store, StoreError

_BACK = timedelta(days=1)


@st.fragment(run_every=5)
def _draw() -> None:
    try:
        store = rooms.store()
        known = access.allowed_rooms(rooms.watch().rooms())
        if not known:
            rooms.notice(*language.words().devices.no_rooms)
            return
        now = datetime.now(timezone.utc)
        reports = device_report.reports(known, _missing(store), now)
        _draw_pressing([report for report in reports if report.findings], len(reports))
        _draw_table(reports, now)
        looking = access.person()
        # A refused message belongs to no room that could be trusted.
        if looking is not None and looking.is_administrator:
            _draw_rejected(store.rejected())
    except StoreError as error:
        rooms.notice_no_store(error)


@st.cache_data(ttl=60, max_entries=1, show_spinner=False)
def _missing(_store: Store) -> dict[tuple[str, str], int]:
    """Of all rooms, for all sessions: it reads a day."""
    return _store.missing(datetime.now(timezone.utc) - _BACK)


def _draw_pressing(pressing: list[DeviceReport], number: int) -> None:
    words = language.words().devices
    with st.container(key="attention"):
        if not pressing:
            st.markdown(f":material/check_circle: {words.none_pressing.format(rooms=number)}")
            return
        st.markdown(words.some_pressing.format(pressing=len(pressing), rooms=number))
        # What is the matter stands once, with all rooms that have it: thirty may have it at once.
        for finding in FINDINGS:
            names = [report.room.name for report in pressing if finding in report.findings]
            if not names:
                continue
            with st.container(border=True):
                st.markdown(f"**{words.findings[finding]}.** {words.advice[finding]}")
                with st.container(horizontal=True, gap="small"):
                    for name in names:
                        # As plain text: Markdown would read what a name holds.
                        st.text(name, width="content")


def _draw_table(reports: list[DeviceReport], now: datetime) -> None:
    words = language.words().devices
    st.subheader(words.table, anchor=False)
    st.caption(words.table_hint)
    rows = [_row(report, now) for report in reports]
    st.dataframe(
        {heading: [row[key] for row in rows] for key, heading in words.columns.items()},
        hide_index=True,
        column_config={
            words.columns[key]: st.column_config.NumberColumn(format=form)
            for key, form in (
                ("fps", "%.1f"),
                ("capture", "%.1f"),
                ("detect", "%.1f"),
                ("classify", "%.1f"),
                ("count", "%.2f"),
                ("temperature", "%.0f"),
                ("memory", "%.0f"),
            )
        }
        | {words.columns["room"]: st.column_config.TextColumn(pinned=True)},
        key="devices-table",
    )


def _row(report: DeviceReport, now: datetime) -> dict[str, Any]:
    words, common = language.words().devices, language.words().common
    room, status, health = report.room, report.room.status, report.room.health
    findings = [words.findings[finding] for finding in report.findings]
    row: dict[str, Any] = dict.fromkeys(words.columns)
    row |= {
        "room": room.name,
        "attention": "; ".join(findings) or words.all_well,
        "state": common.states[status.state if status else "unknown"],
        "seen": words.never if room.seen_at is None else common.age(now - room.seen_at),
        "networks": device_report.networks(room),
        "missing": report.missing,
    }
    if status is not None:
        row |= status.versions.model_dump()
        row["released"] = words.released if report.released else words.not_released
    if health is not None:
        row |= health.stage_ms.model_dump()
        row |= {
            "fps": health.fps,
            "dropped": health.dropped_frames,
            "temperature": health.cpu_temperature_c,
            "memory": health.memory_mb,
            "outbox": health.outbox_depth,
            "outbox_state": health.outbox_state and words.outbox[health.outbox_state],
            "lost": health.windows_lost,
        }
        if health.throttled is not None:
            row["throttled"] = words.yes if health.throttled else words.no
    return row


def _draw_rejected(refused: list[Rejected]) -> None:
    words = language.words().devices
    st.subheader(words.rejected, anchor=False)
    if not refused:
        st.caption(words.no_rejected)
        return
    st.caption(words.rejected_hint)
    columns = words.rejected_columns
    st.dataframe(
        {
            columns["kind"]: [row.kind for row in refused],
            columns["cause"]: [row.cause for row in refused],
            columns["times"]: [row.times for row in refused],
            columns["first"]: [row.first_at.replace(tzinfo=None) for row in refused],
            columns["last"]: [row.last_at.replace(tzinfo=None) for row in refused],
            columns["reason"]: [row.reason for row in refused],
        },
        hide_index=True,
        key="rejected-table",
    )


st.title(language.words().devices.heading, anchor=False)
_draw()
