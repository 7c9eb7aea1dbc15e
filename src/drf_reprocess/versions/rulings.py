"""What persons decided about received files, as answers to what the work on them asks.

A decision speaks of one content, by its SHA-256, so it is replayed from the original for as long as it is in force. Of
several of one action on one content the latest counts; masks add up.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace

from drf_reprocess.model import Action, Disposition, MaskedInterval, RepairOptions


class Rulings:
    """The dispositions on the files of one family.

    Parameters
    ----------
    dispositions
        Those in force. Of two from the same second, the one given later is the later one.
    """

    def __init__(self, dispositions: Iterable[Disposition]) -> None:
        self._latest: dict[tuple[Action, str], Disposition] = {}
        self._masks: dict[str, list[Disposition]] = {}
        for disposition in in_order(dispositions):
            self._latest[disposition.action, disposition.source_sha256] = disposition
            if disposition.action is Action.MASK:
                self._masks.setdefault(disposition.source_sha256, []).append(disposition)

    def exclude(self, sha256: str) -> Disposition | None:
        """Return the decision by which a content is not to be archived."""
        return self._latest.get((Action.EXCLUDE, sha256))

    def replacement(self, sha256: str) -> Disposition | None:
        """Return the decision by which other bytes stand for a content."""
        return self._latest.get((Action.REPLACE, sha256))

    def chosen(self, sha256s: Collection[str]) -> str | None:
        """Return the content that a person chose among those received; the latest choice counts."""
        choices = [
            disposition
            for (action, sha256), disposition in self._latest.items()
            if action is Action.CHOOSE and sha256 in sha256s
        ]
        latest = in_order(choices)[-1:]
        return latest[0].source_sha256 if latest else None

    def choice(self, sha256s: Collection[str]) -> Disposition | None:
        """Return the decision behind `chosen`."""
        chosen = self.chosen(sha256s)
        return None if chosen is None else self._latest[Action.CHOOSE, chosen]

    def repair(self, sha256: str, options: RepairOptions) -> RepairOptions:
        """Return how a content, or what replaces it, is to be mended: ``options`` with masks and dropped records."""
        masks = tuple(
            MaskedInterval(mask.start_time, mask.stop_time, f"by decision of {_by(mask)}")
            for mask in self._masks.get(sha256, ())
        )
        return replace(
            options,
            masks=options.masks + masks,
            drop_damaged=options.drop_damaged or (Action.DROP_RECORDS, sha256) in self._latest,
        )

    def accepted(self, sha256: str, codes: Collection[str]) -> Disposition | None:
        """Return the decision by which one of these objections to a content does not stop it."""
        accepted = self._latest.get((Action.ACCEPT, sha256))
        return accepted if accepted and (not accepted.code or accepted.code in codes) else None

    def words(self, sha256: str) -> tuple[str, ...]:
        """Return what the history has to say of the decisions on a content, in 7-bit ASCII.

        Masks are not among them: what they left out is told as a mend, with the same words.
        """
        told = []
        for action, words in _WORDS.items():
            disposition = self._latest.get((action, sha256))
            if disposition is not None:
                about = {"code": disposition.code, "name": to_ascii(disposition.source_name)}
                told.append(f"{words.format(**about)} by decision of {_by(disposition)}")
        return tuple(told)


_WORDS = {
    Action.CHOOSE: "{name} chosen among the files received for the same data",
    Action.REPLACE: "the content of {name} replaced by that of another file",
    Action.DROP_RECORDS: "damaged records left out",
    Action.ACCEPT: "accepted as it is ({code})",
}
"""In the order in which they are told."""


def in_order(dispositions: Iterable[Disposition]) -> list[Disposition]:
    """Return dispositions oldest first; those of one second stay in the order given."""
    return sorted(dispositions, key=lambda disposition: disposition.when)


def digest(dispositions: Sequence[Disposition]) -> str:
    """Return a digest that changes when any of the dispositions, or which of two is later, changes; empty for none."""
    if not dispositions:
        return ""
    told = [asdict(disposition) for disposition in in_order(dispositions)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def to_ascii(text: str) -> str:
    """Return a text in 7-bit ASCII on one line: letters without their accents, ``?`` for what has no likeness."""
    plain = "".join(
        character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character)
    )
    words = " ".join(plain.split()).encode("ascii", "replace").decode("ascii")
    return "".join(character if character.isprintable() else "?" for character in words)


def _by(disposition: Disposition) -> str:
    return (
        f"{to_ascii(disposition.who)} on {disposition.when[:10]}: {to_ascii(disposition.reason).rstrip('.')}"
    )
