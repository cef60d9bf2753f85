"""Lists of labels in a cell: Python and JSON lists, and names between separators."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from core.data.labels.label_sets import split_cell
from core.data.labels.layout import clean_label
from core.data.sources.members import PICTURE_SUFFIXES

Labels = tuple[str, ...]

# Commas are also those of Chinese, Japanese and Arabic lists, and the line ends of a cell in a spreadsheet.
_SIGNS, _COMMA, _SPACE = re.compile(r"[;|；｜]"), re.compile(r"[,，、،\n]"), re.compile(r"\s+")
_BRACKETS = {"[": "]", "{": "}"}
# A quoted text, or a bare word as in a list of numbers.
_ITEM = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"\[\](){}][^,'"\[\](){}]*)""")
_GAP = re.compile(r"[\s,]*")
_ESCAPE = re.compile(r"\\(.)")
# Of a column's filled cells must have several labels, for the column to count as one of lists.
_LEAST_SHARE = 0.05
_SAMPLE = 20_000  # cells
_MOST_WORDS = 2_000


def parse_list(cell: str) -> Labels | None:
    """Parse a Python or JSON list of names, or ``{"choices": [...]}``; None for any other text.

    Nothing is evaluated.
    """
    text = cell.strip()
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _parse_python_list(text)
    if isinstance(value, dict):
        value = next(iter(value.values())) if len(value) == 1 else None
    if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
        return None
    return _distinct(str(item) for item in value)


def lists_in_cells(cells: Sequence[str]) -> list[Labels | None] | None:
    """Labels of cells of which some are explicit lists; None if none is.

    An empty list means none of the classes, an empty cell that nobody has looked.
    """
    parsed = {cell: parse_list(cell) for cell in set(cells)}
    if not any(labels is not None for labels in parsed.values()):
        return None
    meanings = {
        cell: labels if labels is not None else ((clean_label(cell),) if clean_label(cell) else None)
        for cell, labels in parsed.items()
    }
    return [meanings[cell] for cell in cells]


def separator_of_lists(cells: Sequence[str]) -> re.Pattern[str] | None:
    """Find the separator of a column of lists: “;” or “|”, a comma, or spaces; None for single names.

    The names of lists recur: those between commas or spaces in other texts, because “black, shiny”
    may be the name of one class.
    """
    distinct = Counter(cells[:: max(1, len(cells) // _SAMPLE)])
    if any(cell.lower().endswith(PICTURE_SUFFIXES) for cell in distinct):
        return None
    if have_signs(cells):
        return _SIGNS
    once = Counter(distinct.keys())
    if _have_recurring_names(once, _COMMA):
        return _COMMA
    return _SPACE if _are_words_of_a_vocabulary(once) else None


def have_signs(cells: Sequence[str]) -> bool:
    """True for a column of lists that “;” or “|” separate."""
    counts = Counter(cells[:: max(1, len(cells) // _SAMPLE)])
    if any(cell.lower().endswith(PICTURE_SUFFIXES) for cell in counts):
        return False
    return _have_recurring_names(counts, _SIGNS)


def separated(cells: Sequence[str], separator: re.Pattern[str] | None = None) -> list[Labels | None]:
    """Labels of cells with several names each: () for “none”, None for an empty cell.

    Without a separator, “;” and “|” separate; if no cell contains either, commas do; if none
    contains those, spaces do where the words are a vocabulary.
    """
    separator = separator or _usual_separator(cells)
    meanings = {cell: split_cell(cell, separator) for cell in set(cells)}
    return [meanings[cell] for cell in cells]


def _usual_separator(cells: Sequence[str]) -> re.Pattern[str]:
    if any(_SIGNS.search(cell) for cell in cells):
        return _SIGNS
    if any(_COMMA.search(cell) for cell in cells):
        return _COMMA
    return _SPACE if _are_words_of_a_vocabulary(Counter(cells)) else _COMMA


def _have_recurring_names(cells: Counter[str], separator: re.Pattern[str]) -> bool:
    labels = {cell: names for cell in cells if (names := split_cell(cell, separator))}
    lists = [names for names in labels.values() if len(names) > 1]
    rows_with_lists = sum(cells[cell] for cell, names in labels.items() if len(names) > 1)
    if rows_with_lists < max(1, _LEAST_SHARE * sum(cells[cell] for cell in labels)):
        return False
    counts: Counter[str] = Counter()
    for cell, names in labels.items():
        counts.update(dict.fromkeys(names, cells[cell]))
    recurring = sum(counts[name] > 1 for names in lists for name in names)
    return recurring > sum(map(len, lists)) / 2


def _are_words_of_a_vocabulary(cells: Counter[str]) -> bool:
    """True if few words make up many different texts, as in “haze primary”, “clear primary water”."""
    texts = [set(cell.split()) for cell in cells if cell.strip()]
    counts = Counter(word for words in texts for word in words)
    lists = [words for words in texts if len(words) > 1]
    if len(lists) < 2 or not 2 <= len(counts) < min(len(texts), _MOST_WORDS):
        return False
    recurring = sum(counts[word] > 1 for words in lists for word in words)
    return recurring >= 0.8 * sum(map(len, lists))


def _parse_python_list(text: str) -> Labels | None:
    inner = text[1:-1]
    items: list[str] = []
    position = _end_of_gap(inner, 0)
    while position < len(inner):
        item = _ITEM.match(inner, position)
        if item is None:
            return None
        quoted = item[1] if item[1] is not None else item[2]
        items.append(item[3].strip() if quoted is None else _ESCAPE.sub(r"\1", quoted))
        position = _end_of_gap(inner, item.end())
    return _distinct(items)


def _end_of_gap(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap else position


def _distinct(names: Iterable[str]) -> Labels:
    return tuple(dict.fromkeys(name for text in names if (name := clean_label(text))))
