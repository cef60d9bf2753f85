"""Names and numbers of export files: states, agreement, speed."""

from __future__ import annotations

import math
from pathlib import Path

from core.delivery.certificate.records import Agreement, Certificate, Speed
from core.delivery.certificate.store import FileState
from core.delivery.export_job import Doing
from core.delivery.exporter import Exporter, FormatGroup
from core.delivery.files import read_proof
from core.evaluation.comparison.differences import MetricDifference
from core.messages import N_
from pages.ui.text import _, number, signed

GROUPS = {
    FormatGroup.COMPUTER: N_("This computer"),
    FormatGroup.DEVICES: N_("Phones and small devices"),
    FormatGroup.STARTERS: N_("Start on a device"),
    FormatGroup.WEB: N_("Web"),
    FormatGroup.SERVERS: N_("Servers"),
    FormatGroup.PROGRAMMERS: N_("For people who program"),
}
STATES = {
    FileState.NOT_MADE: N_("not made yet"),
    FileState.PACKAGE_MISSING: N_("its converter is not installed"),
    FileState.UNCHECKED: N_("not checked here: it does not run on this system"),
    FileState.WITHHELD: N_("withheld"),
    FileState.CHANGED: N_("withheld: changed after its check"),
}
DOINGS = {
    Doing.WAITING: N_("waits for its turn"),
    Doing.MAKING: N_("being made …"),
    Doing.CHECKING: N_("made, being checked …"),
}
ICONS = {
    FileState.CERTIFIED: ":green[:material/verified:]",
    FileState.PROVEN: ":green[:material/check:]",
    FileState.UNCHECKED: ":orange[:material/help:]",
    FileState.WITHHELD: ":red[:material/block:]",
    FileState.CHANGED: ":red[:material/block:]",
}


def state_text(run: Path, exporter: Exporter, state: FileState, certificate: Certificate | None) -> str:
    """State of a file in a few words; of a checked one its agreement or its loss."""
    if state is FileState.PROVEN:
        pictures = read_proof(run).pictures
        return _("compared on {n} test pictures").format(n=number(pictures)) if pictures else ""
    is_measured = state in {FileState.CERTIFIED, FileState.WITHHELD}
    if is_measured and certificate is not None and certificate.check is not None:
        agreement = certificate.check.agreement
        measured = agreement_text(agreement) if exporter.is_exact else loss_text(agreement.accuracy)
        if not exporter.checks_program:
            measured = _("network: {measured} · program not built here").format(measured=measured)
        return f"{_(STATES[state])} · {measured}" if state is FileState.WITHHELD else measured
    if state is FileState.WITHHELD:
        return _("withheld with the file that it is made from")
    return _(STATES[state])


def agreement_text(agreement: Agreement) -> str:
    """Number of answers that agree; those that only rounding changed are named."""
    text = _("{same} of {n} answers the same").format(
        same=number(agreement.same), n=number(agreement.pictures)
    )
    ties = _("({n} ties)").format(n=number(agreement.ties))
    return f"{text} {ties}" if agreement.ties else text


def loss_text(accuracy: MetricDifference) -> str:
    """Change of accuracy with its interval, in points."""
    low, high = accuracy.interval or (accuracy.difference, accuracy.difference)
    return _("accuracy {change} points ({low} to {high})").format(
        change=signed_points(accuracy.difference), low=signed_points(low), high=signed_points(high)
    )


def speed_text(speed: Speed, reference: Speed | None) -> str:
    """Time of one picture, and how it compares with the float32 LiteRT file.

    Two files are measured at different times, perhaps beside other work, so their milliseconds do not
    compare. The ratio was measured in turns: the time is that of the reference, by this ratio.

    Args:
        reference: speed of the float32 LiteRT file; None: it was not measured.
    """
    if speed.ratio is None:
        return _milliseconds(speed.milliseconds)
    ratio = _("{ratio} × the time").format(ratio=f"{speed.ratio:.2f}")
    compared = ratio if speed.is_faster or speed.is_slower else _("about equal")
    return (
        compared
        if reference is None
        else f"{_milliseconds(reference.milliseconds * speed.ratio)} · {compared}"
    )


def _milliseconds(value: float) -> str:
    return _("{milliseconds} ms").format(milliseconds=f"{value:.1f}")


def signed_points(fraction: float) -> str:
    """Format a difference of fractions in points: “−0.5”, “+2.1”."""
    return signed(100 * fraction, 1)


def rounded_up(difference: float) -> str:
    """Format a bound with six digits: a smaller number than the difference would be no bound."""
    return f"{math.ceil(1e6 * difference) / 1e6:.6f}"
